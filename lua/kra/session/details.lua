-- What only a window itself can tell (alternate file, manual folds, horizontal scroll). It is asked when it was used since the last
-- time; entering a window of another tab would change that tab's active window, so a tab is read when it is left.
local M = {}
local api = vim.api

---@class kra.Details
---@field alternate? integer buffer number
---@field folds? table
---@field left integer

local known = {} ---@type table<integer, kra.Details>
local watching = false

---@return kra.Details
local function ask()
  local alternate = vim.fn.bufnr('#')
  return { alternate = alternate > 0 and alternate or nil, folds = require('kra.session.folds').capture(), left = vim.fn.winsaveview().leftcol }
end

---@param win integer
---@return kra.Details
function M.of(win)
  if win == api.nvim_get_current_win() then
    known[win] = ask()
  elseif not watching or not known[win] then
    local tab = api.nvim_win_get_tabpage(win)
    local active = api.nvim_tabpage_get_win(tab)
    known[win] = api.nvim_win_call(win, ask)
    if api.nvim_tabpage_get_win(tab) ~= active then api.nvim_tabpage_set_win(tab, active) end
  end
  return known[win]
end

function M.forget(win) known[win] = nil end

function M.watch()
  if watching then return end
  watching = true
  local group = api.nvim_create_augroup('kra_details', {})
  local function on(event, desc, callback) api.nvim_create_autocmd(event, { group = group, desc = desc, callback = callback }) end
  on({ 'WinEnter', 'BufWinEnter' }, 'kra: this window is in use', function() known[api.nvim_get_current_win()] = nil end)
  on('WinClosed', 'kra: forget a closed window', function(event) known[tonumber(event.match) or 0] = nil end)
  on('TabLeave', 'kra: read the windows of the tab that is left', function()
    for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
      if api.nvim_win_get_config(win).relative == '' then pcall(M.of, win) end
    end
  end)
end

return M
