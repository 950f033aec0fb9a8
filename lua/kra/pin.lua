-- Pinned windows: follow never takes them to another file. Their own file is brought up to date as everywhere.
local M = {}
local api = vim.api

local all = false -- the whole instance
local redrawing = false
local BAR = "%{%v:lua.require'kra.pin'.bar()%}"

--- Is this window to stay where it is?
---@param win integer
---@return boolean
function M.pinned(win)
  return all or (api.nvim_win_is_valid(win) and vim.w[win].kra_pinned == true)
end

function M.all() return all end

--- Is any window pinned?
---@return boolean
function M.any()
  if all then return true end
  for _, win in ipairs(api.nvim_list_wins()) do
    if vim.w[win].kra_pinned then return true end
  end
  return false
end

-- A bar of ours only where nobody has one.
local function bar(win, on)
  local at = { win = win, scope = 'local' }
  local now = api.nvim_get_option_value('winbar', at)
  if on and now == '' and api.nvim_get_option_value('winbar', { scope = 'global' }) == '' and api.nvim_win_get_config(win).relative == '' then
    pcall(api.nvim_set_option_value, 'winbar', BAR, at)
  elseif not on and now == BAR then
    api.nvim_set_option_value('winbar', '', at)
  end
end

--- What stands in the bar of a window: a kept text.
---@return string
function M.bar()
  local win = tonumber(vim.g.statusline_winid) or api.nvim_get_current_win()
  local name = vim.fn.fnamemodify(api.nvim_buf_get_name(api.nvim_win_get_buf(win)), ':~:.'):gsub('%%', '%%%%')
  if M.pinned(win) then return '📌 ' .. name end
  local text = require('kra.follow').text(win)
  return text and (text:gsub('%%', '%%%%')) or ''
end

--- Puts the bar where it belongs, or takes it away.
---@param win integer
function M.show(win)
  if not api.nvim_win_is_valid(win) then return end
  bar(win, M.pinned(win) or require('kra.follow').window() == win)
  require('kra.statusline').set_part('pin', M.word())
  if redrawing then return end
  redrawing = true
  -- Once for all that happens in this turn, and not before what was asked for is done.
  vim.schedule(function()
    redrawing = false
    pcall(api.nvim_command, 'redrawstatus!')
  end)
end

--- For the status line.
---@return string
function M.word()
  local win = api.nvim_get_current_win()
  if M.pinned(win) then return '📌' end
  return require('kra.follow').text(win) or ''
end

--- From now on the status line says what the window in use is.
function M.watch()
  api.nvim_create_autocmd('WinEnter', {
    group = api.nvim_create_augroup('kra_pin', {}), desc = 'kra: the word of this window',
    callback = function() require('kra.statusline').set_part('pin', M.word()) end,
  })
end

---@param win integer
---@param on boolean
function M.set(win, on)
  M.watch()
  vim.w[win].kra_pinned = on or nil
  M.show(win)
  require('kra.live.link').pinned()
  require('kra.notify').event('KraPinned', { win = win, pinned = M.pinned(win), all = all, path = api.nvim_buf_get_name(api.nvim_win_get_buf(win)) })
end

---@param on boolean
function M.set_all(on)
  all = on
  for _, win in ipairs(api.nvim_list_wins()) do M.show(win) end
  require('kra.live.link').pinned()
  local win = api.nvim_get_current_win()
  require('kra.notify').event('KraPinned', { win = win, pinned = M.pinned(win), all = all, path = api.nvim_buf_get_name(0) })
end

--- :KraPin and :KraPin!
---@param whole? boolean the whole instance
---@return string said
function M.toggle(whole)
  local said
  if whole then
    M.set_all(not all)
    said = all and 'no window of this editor follows' or 'windows of this editor may follow again'
  else
    local win = api.nvim_get_current_win()
    M.set(win, vim.w[win].kra_pinned ~= true)
    said = vim.w[win].kra_pinned and 'this window stays on its file' or 'this window is not pinned any more'
    if all then said = said .. '; the whole editor is (:KraPin!)' end
  end
  if require('kra.follow').mode() == 'off' then said = said .. '. Follow is off; :Kra follow turns it on' end
  require('kra.notify').say(said, 'info', true)
  return said
end

--- Windows by their place, as they come back in a restored session.
---@return {tab: integer, number: integer, win: integer}[]
function M.places()
  local out = {}
  for tab, page in ipairs(api.nvim_list_tabpages()) do
    for number, win in ipairs(api.nvim_tabpage_list_wins(page)) do table.insert(out, { tab = tab, number = number, win = win }) end
  end
  return out
end

--- For the session.
---@return table?
function M.save()
  local pins = {}
  for _, place in ipairs(M.places()) do
    if vim.w[place.win].kra_pinned then
      table.insert(pins, { tab = place.tab, number = place.number, path = api.nvim_buf_get_name(api.nvim_win_get_buf(place.win)) })
    end
  end
  if #pins == 0 and not all then return nil end
  return { pins = pins, all = all }
end

---@param state any what save() gave, perhaps damaged
function M.restore(state)
  if type(state) ~= 'table' then return end
  for _, pin in ipairs(type(state.pins) == 'table' and state.pins or {}) do
    for _, place in ipairs(M.places()) do
      local here = type(pin) == 'table' and place.tab == pin.tab and place.number == pin.number
      if here and api.nvim_buf_get_name(api.nvim_win_get_buf(place.win)) == pin.path then M.set(place.win, true) end
    end
  end
  if state.all == true then M.set_all(true) end
end

return M
