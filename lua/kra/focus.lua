-- Focus as the daemon tells it: a tmux with `focus-events off`, its default, says nothing to programs. Only what kra itself does at these
-- events is done; the user's own autocommands wait for the real ones. Where both come, the second finds nothing to do.
local M = {}

local groups = { 'kra_draft', 'kra_write', 'kra_live' }
local last ---@type boolean?

--- What was told last; nil before the first.
---@return boolean?
function M.last() return last end

---@param gained boolean somebody looks at this editor's pane now, or no longer
function M.relay(gained)
  last = gained
  for _, group in ipairs(groups) do
    -- A part that is off has no group.
    pcall(vim.api.nvim_exec_autocmds, gained and 'FocusGained' or 'FocusLost', { group = group, modeline = false })
  end
end

return M
