-- Quickfix and location lists, and argument lists.
local data = require('kra.session.data')
local M = {}
local api = vim.api

local MAX_ITEMS, MAX_LINE = 5000, 1024 -- a list of long lines must not make a message that is refused
local secrets = {} ---@type table<string, boolean> paths whose lines stay where they are
local number_fields = { 'lnum', 'col', 'end_lnum', 'end_col', 'nr', 'vcol', 'valid' }

local function item_of(entry, names)
  local path = names[entry.bufnr]
  if path == nil then
    path = entry.bufnr > 0 and api.nvim_buf_is_valid(entry.bufnr) and api.nvim_buf_get_name(entry.bufnr) or ''
    if path ~= '' and require('kra.draft.privacy').secret(path) then secrets[path] = true end
    names[entry.bufnr] = path
  end
  -- A line of a secret file is not to be kept for having been found.
  local item = { path, secrets[path] and '' or entry.text:sub(1, MAX_LINE), entry.type, entry.pattern, entry.module or '' }
  for _, field in ipairs(number_fields) do table.insert(item, entry[field] or 0) end
  return item
end

---@return kra.State.List?
local function state_of(list)
  if not list.items or #list.items == 0 then return nil end
  local items, names = {}, {}
  for i = 1, math.min(#list.items, MAX_ITEMS) do items[i] = item_of(list.items[i], names) end
  local context = list.context
  return { title = list.title or '', index = math.min(list.idx or 1, #items), items = items, context = context ~= '' and data.plain(context) or nil }
end

local wanted = { items = 1, title = 1, idx = 0, context = 1 }
local kept = {} ---@type table<integer|string, {tick: integer, id: integer, idx: integer, state: kra.State.List?}>

-- A list that did not change since it was read last is not read again.
local function read(key, get)
  local now = get({ id = 0, changedtick = 0, idx = 0, size = 0 })
  if (now.size or 0) == 0 then
    kept[key] = nil
    return nil
  end
  local known = kept[key]
  if not known or known.tick ~= now.changedtick or known.id ~= now.id or known.idx ~= now.idx then
    known = { tick = now.changedtick, id = now.id, idx = now.idx, state = state_of(get(wanted)) }
    kept[key] = known
  end
  return known.state
end

---@return kra.State.List?
function M.quickfix() return read('quickfix', vim.fn.getqflist) end

---@return kra.State.List?
function M.location(win)
  return read(win, function(what) return vim.fn.getloclist(win, what) end)
end

local function entry_of(item)
  if type(item) ~= 'table' then return nil end
  local path, text = item[1], data.text(item[2]) or ''
  local entry = { text = text, type = (data.text(item[3]) or ''):sub(1, 1), pattern = data.text(item[4]), module = data.text(item[5]) }
  if data.path(path) then entry.filename = path end
  for i, field in ipairs(number_fields) do entry[field] = data.number(item[5 + i], 0, 2 ^ 31 - 1, 0) end
  if entry.pattern == '' then entry.pattern = nil end
  if entry.module == '' then entry.module = nil end
  return entry
end

-- Only the whole of a list is one step for Neovim, so what is wrong with one entry costs that entry before.
local function set(state, put)
  if type(state) ~= 'table' then return end
  local items = {}
  for _, item in ipairs(data.list(state.items, MAX_ITEMS)) do
    local entry = entry_of(item)
    if entry then table.insert(items, entry) end
  end
  if #items == 0 then return end
  local what = { items = items, title = data.text(state.title) or '' }
  if state.context ~= nil then what.context = data.plain(state.context) end
  put(' ', what)
  put('a', { idx = data.number(state.index, 1, #items, 1) }) -- a new list does not take it
end

function M.set_quickfix(state)
  set(state, function(action, what) vim.fn.setqflist({}, action, what) end)
end

function M.set_location(win, state)
  set(state, function(action, what) vim.fn.setloclist(win, {}, action, what) end)
end

--- The global argument list, or that of a window with one of its own; nil when it is empty.
---@param win? integer
---@return string[]?
function M.args(win)
  local names = vim.fn.argv(-1, win or -1)
  if type(names) ~= 'table' or #names == 0 then return nil end
  local out = {}
  for i, name in ipairs(names) do out[i] = vim.fn.fnamemodify(name, ':p') end
  return out
end

local function add(path, after)
  local magic = { file = false, bar = false }
  pcall(api.nvim_cmd, { cmd = 'argadd', range = { after }, args = { vim.fn.fnameescape(path) }, magic = magic, mods = { silent = true } }, {})
end

--- One at a time, each escaped and without magic, so that a backtick or a star in a name stays what it is. The current entry goes in
--- first: what is put before it moves Neovim's index, which nothing else can set without editing a file.
---@param win integer
---@param args any
---@param own boolean a list for this window alone
---@param current? any index of the current entry
function M.set_args(win, args, own, current)
  local paths = {}
  for _, path in ipairs(data.texts(args, 10000)) do
    if data.path(path) then table.insert(paths, path) end
  end
  if #paths == 0 and own then return end
  current = data.number(current, 1, math.max(1, #paths), 1)
  api.nvim_win_call(win, function()
    if own then api.nvim_cmd({ cmd = 'arglocal', bang = true, mods = { silent = true } }, {}) end
    if vim.fn.argc() > 0 then api.nvim_cmd({ cmd = 'argdelete', range = { 1, vim.fn.argc() }, mods = { silent = true } }, {}) end
    if #paths > 0 then add(paths[current], 0) end
    for i = 1, current - 1 do add(paths[i], i - 1) end
    for i = current + 1, #paths do add(paths[i], i - 1) end
  end)
end

return M
