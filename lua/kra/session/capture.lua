-- The editor as data. It changes nothing, asks nobody, and gives equal data for equal screens.
local api = vim.api
local buffers = require('kra.buffers')
local details = require('kra.session.details')
local later = require('kra.session.later')
local lists = require('kra.session.lists')
local options = require('kra.session.options')
local windows = require('kra.session.windows')
local M = {}

M.VERSION = 1

---@param positions table<integer, integer> buffer number -> index
---@param info table of getwininfo
---@return kra.State.Window
---@param globals table<string, any> options
local function window_state(win, info, positions, claimed, globals)
  local cursor = api.nvim_win_get_cursor(win)
  local out = { width = info.width, height = info.height, cursor = { cursor[1], cursor[2] }, top = info.topline }
  if claimed then
    out.extension, out.data = claimed[1], claimed[2]
    return out
  end
  local more = details.of(win)
  out.buffer = positions[info.bufnr]
  out.alternate = positions[more.alternate]
  out.folds = more.folds
  if more.left > 0 then out.left = more.left end
  out.options = options.of_window(win, globals)
  if vim.wo[win].diff then out.diff = true end
  if vim.fn.haslocaldir(info.winnr, info.tabnr) == 1 then out.cwd = vim.fn.getcwd(info.winnr, info.tabnr) end
  if vim.fn.arglistid(info.winnr, info.tabnr) ~= 0 then out.args = lists.args(win) end
  out.list = lists.location(win)
  return out
end

-- Which windows stay: those whose buffer belongs, and those that an extension claims.
local function kept_windows(info)
  local claims = {}
  for win, entry in pairs(info) do
    if buffers.check(entry.bufnr, true) then
      claims[win] = false
    else
      local name, data = require('kra.session.extensions').save_window(win, entry.bufnr)
      if name then claims[win] = { name, data } end
    end
  end
  return claims
end

-- The same table as the last time when nothing changed: tables that were packed once are not packed again.
local function buffer_state(buf, record, shown)
  local line = not shown and record.line or nil
  local own = options.of_buffer(buf) or later.options(buf)
  local known = record.state
  local draft = not record.path and not record.terminal and require('kra.draft').id(buf) or nil
  if known and not own and not known.options and known.line == line and known.draft == draft then return known end
  record.state = { path = record.path, terminal = record.terminal, hidden = not record.listed or nil, line = line, options = own, draft = draft }
  return record.state
end

-- Shown buffers count although they are not listed; hidden ones come from the kept records.
local function buffer_list(claims, info)
  local shown, bufs = {}, {}
  for win, claim in pairs(claims) do
    if not claim then shown[info[win].bufnr] = true end
  end
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if shown[buf] or buffers.record(buf).belongs then table.insert(bufs, buf) end
  end
  require('kra.session.order').sort(bufs)
  local states, positions = {}, {}
  for i, buf in ipairs(bufs) do
    positions[buf] = i
    states[i] = buffer_state(buf, buffers.record(buf, shown[buf]), shown[buf])
  end
  return states, positions, bufs
end

local function tab_state(tab, info, claims, positions, globals)
  local number = api.nvim_tabpage_get_number(tab)
  local layout, wins = windows.read(number, function(win) return claims[win] ~= nil end)
  if not layout then return nil end
  local out = { layout = layout, windows = {}, win = 1 }
  local active = api.nvim_tabpage_get_win(tab)
  local fitting = windows.fitting(number, info)
  for i, win in ipairs(wins) do
    out.windows[i] = window_state(win, info[win], positions, claims[win], globals)
    out.windows[i].height = math.max(1, out.windows[i].height + (fitting[win] or 0))
    if win == active then out.win = i end
  end
  if vim.fn.haslocaldir(-1, number) == 1 then out.cwd = vim.fn.getcwd(-1, number) end
  return out
end

---@return kra.State state
---@return integer[] bufs the buffer numbers of state.buffers
function M.take()
  local info = {}
  for _, entry in ipairs(vim.fn.getwininfo()) do
    if api.nvim_win_get_config(entry.winid).relative == '' and vim.fn.win_gettype(entry.winid) == '' then info[entry.winid] = entry end
  end
  local claims = kept_windows(info)
  local states, positions, bufs = buffer_list(claims, info)
  local current, globals = api.nvim_get_current_tabpage(), options.globals()
  local state = { version = M.VERSION, size = { vim.o.columns, vim.o.lines }, cwd = vim.fn.getcwd(-1, -1), tab = 1, tabs = {}, buffers = states }
  for _, tab in ipairs(api.nvim_list_tabpages()) do
    local out = tab_state(tab, info, claims, positions, globals)
    if out then table.insert(state.tabs, out) end
    if tab == current then state.tab = math.max(1, #state.tabs) end
  end
  state.args = lists.args()
  if state.args and vim.fn.arglistid() == 0 then state.arg = vim.fn.argidx() + 1 end
  state.quickfix = lists.quickfix()
  state.extensions = require('kra.session.extensions').save()
  return state, bufs
end

--- Nothing that anybody would miss: one empty window and no buffer.
---@param state kra.State
function M.is_empty(state)
  if state.quickfix or state.args or state.extensions then return false end
  for _, buffer in ipairs(state.buffers) do
    if buffer.path or buffer.terminal then return false end
  end
  return #state.tabs <= 1
end

return M
