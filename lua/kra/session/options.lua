-- Options that somebody set for one window or buffer and that no file type would set again: a short list, each value checked.
local M = {}
local api = vim.api

-- name -> type of its value
M.window = {
  number = 'boolean', relativenumber = 'boolean', wrap = 'boolean', linebreak = 'boolean', breakindent = 'boolean', list = 'boolean',
  spell = 'boolean', cursorline = 'boolean', cursorcolumn = 'boolean', colorcolumn = 'string', signcolumn = 'string', foldcolumn = 'string',
  foldmethod = 'string', foldlevel = 'number', foldenable = 'boolean', conceallevel = 'number', scrollbind = 'boolean', cursorbind = 'boolean',
  winfixwidth = 'boolean', winfixheight = 'boolean', winfixbuf = 'boolean',
}
M.buffer = {
  filetype = 'string', expandtab = 'boolean', shiftwidth = 'number', tabstop = 'number', softtabstop = 'number', textwidth = 'number',
  spelllang = 'string', readonly = 'boolean', modifiable = 'boolean', fileformat = 'string', bomb = 'boolean',
}
-- Those that `diffthis` sets by itself.
local of_diff = { foldmethod = true, foldlevel = true, foldenable = true, foldcolumn = true, scrollbind = true, cursorbind = true, wrap = true }

-- OptionSet does not fire for what an ftplugin sets, so these are the user's own.
local set_windows, set_buffers = {}, {} ---@type table<integer, table<string, boolean>>

---@param all table<integer, table<string, boolean>>
local function mark(all, id, name)
  all[id] = all[id] or {}
  all[id][name] = true
end

function M.watch()
  local group = api.nvim_create_augroup('kra_options', {})
  local names = vim.list_extend(vim.tbl_keys(M.window), vim.tbl_keys(M.buffer))
  table.sort(names)
  api.nvim_create_autocmd('OptionSet', {
    group = group,
    pattern = names,
    desc = 'kra: remember that the user set this',
    callback = function(event)
      if vim.v.option_type == 'global' then return end
      if M.window[event.match] then mark(set_windows, api.nvim_get_current_win(), event.match) end
      if M.buffer[event.match] then mark(set_buffers, event.buf ~= 0 and event.buf or api.nvim_get_current_buf(), event.match) end
    end,
  })
  local function forget_window(event) set_windows[tonumber(event.match) or 0] = nil end
  local function forget_buffer(event) set_buffers[event.buf] = nil end
  api.nvim_create_autocmd('WinClosed', { group = group, desc = 'kra: forget a closed window', callback = forget_window })
  api.nvim_create_autocmd('BufWipeout', { group = group, desc = 'kra: forget a wiped buffer', callback = forget_buffer })
end

local window_names = vim.tbl_keys(M.window)

--- The global values, to be asked for once in a capture.
---@return table<string, any>
function M.globals()
  local out, at = {}, { scope = 'global' }
  for _, name in ipairs(window_names) do out[name] = api.nvim_get_option_value(name, at) end
  return out
end

--- A new tab's window has what the one before it had; it gets the global values.
---@param globals table<string, any>
function M.reset_window(win, globals)
  local at = { win = win, scope = 'local' }
  for _, name in ipairs(window_names) do
    if api.nvim_get_option_value(name, at) ~= globals[name] then api.nvim_set_option_value(name, globals[name], at) end
  end
end

--- A window's: what differs from the global value, or was set by hand.
---@param globals table<string, any>
---@return table<string, any>?
function M.of_window(win, globals)
  local out, diff = {}, vim.wo[win].diff
  local by_hand, at = set_windows[win] or {}, { win = win, scope = 'local' }
  for _, name in ipairs(window_names) do
    if not (diff and of_diff[name]) then
      local value = api.nvim_get_option_value(name, at)
      if by_hand[name] or value ~= globals[name] then out[name] = value end
    end
  end
  -- An expression runs when the file type sets it again, never because of data.
  if out.foldmethod == 'expr' then out.foldmethod = nil end
  return next(out) and out or nil
end

--- A buffer's: only what was set by hand.
---@return table<string, any>?
function M.of_buffer(buf)
  local by_hand = set_buffers[buf]
  if not by_hand or not api.nvim_buf_is_loaded(buf) then return nil end
  local out = {}
  for name in pairs(by_hand) do out[name] = api.nvim_get_option_value(name, { buf = buf }) end
  return next(out) and out or nil
end

local function set(types, options, where, marks, id)
  local names = vim.tbl_keys(type(options) == 'table' and options or {})
  table.sort(names)
  for _, name in ipairs(names) do
    local value = options[name]
    local fits = types[name] == type(value) and not (type(value) == 'string' and (#value > 64 or value:find('[^%w,+:_.-]')))
    if fits and not (name == 'foldmethod' and value == 'expr') and pcall(api.nvim_set_option_value, name, value, where) then mark(marks, id, name) end
  end
end

function M.set_window(win, options) set(M.window, options, { win = win, scope = 'local' }, set_windows, win) end
function M.set_buffer(buf, options) set(M.buffer, options, { buf = buf }, set_buffers, buf) end

return M
