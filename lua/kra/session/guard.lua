-- Options changed for a while and put back on every path, errors included.
local M = {}

--- Runs `work` with these global options and gives what it gave; an error comes back as nil and its text.
---@param options table<string, any>
---@param work fun(): any
---@return any result
---@return string? error
function M.with(options, work)
  local kept = {}
  local session_load = vim.g.SessionLoad
  local ok, result = xpcall(function()
    for name, value in pairs(options) do
      kept[name] = vim.api.nvim_get_option_value(name, { scope = 'global' })
      vim.api.nvim_set_option_value(name, value, { scope = 'global' })
    end
    return work()
  end, function(err) return tostring(err) end)
  for name, value in pairs(kept) do
    -- An option may refuse its old value for a moment (a minimal height that does not fit any more); the others still go back.
    pcall(vim.api.nvim_set_option_value, name, value, { scope = 'global' })
  end
  vim.g.SessionLoad = session_load
  if ok then return result, nil end
  return nil, result
end

return M
