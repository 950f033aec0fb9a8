-- :Kra sync: the command line's `kra sync` for the work tree of the current file, run beside the editor.
local M = {}
local api = vim.api

M.words = { 'conflicts', 'plan', 'pull', 'push', 'rollback', 'show', 'snapshot', 'snapshots', 'status', 'take', 'undo' }

local function notify(text, level) require('kra.notify').say(text, level, true) end

-- The directory of the file, where it has one.
local function directory()
  local name = api.nvim_buf_get_name(0)
  local found = vim.bo.buftype == '' and name ~= '' and vim.fs.dirname(name) or vim.fn.getcwd()
  return vim.uv.fs_stat(found) and found or vim.fn.getcwd()
end

-- Buffers without changes of their own take what is on disk now.
local function look_again()
  for _, buffer in ipairs(api.nvim_list_bufs()) do
    if api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].buftype == '' and not vim.bo[buffer].modified then
      pcall(vim.cmd.checktime, buffer)
    end
  end
end

local function quickfix(lines, root)
  local items = {}
  for line in vim.gsplit(lines, '\n', { trimempty = true }) do
    local ok, conflict = pcall(vim.json.decode, line)
    if ok and type(conflict) == 'table' and conflict.path then
      local copy = conflict.copy ~= '' and '; theirs is ' .. conflict.copy or ''
      table.insert(items, { filename = root .. '/' .. conflict.path, lnum = 1, text = ('%s: %s%s'):format(conflict.id, conflict.what, copy) })
    end
  end
  if #items == 0 then return notify('no conflicts', 'info') end
  vim.fn.setqflist({}, ' ', { title = 'kra sync conflicts', items = items })
  vim.cmd.copen()
end

--- What a sync writes into the work tree of this file waits: a minute, some seconds, or no longer ('off').
---@param what? string
function M.hold(what)
  local binary = require('kra.daemon').binary()
  if not binary then return notify('there is no kra program; :checkhealth kra', 'error') end
  local argv = { binary, 'pause', '--ttl', what or '60', '--reason', 'Neovim' }
  if what == 'off' then argv = { binary, 'resume' } end
  vim.system(argv, { text = true, cwd = directory(), timeout = 15000 }, vim.schedule_wrap(function(result)
    if result.code ~= 0 then return notify(vim.trim(result.stderr or ''), result.code == 3 and 'info' or 'error') end
    notify(what == 'off' and 'syncs go on' or ('syncs wait for %s s; `:Kra hold off` ends it'):format(what or '60'), 'info')
  end))
end

local held = {} ---@type table<string, vim.SystemObj> by work tree: what keeps syncs from writing there
local group ---@type integer?

-- It holds as long as its standard input is open: when this editor is killed it ends too.
local function hold_tree(root)
  local binary = require('kra.daemon').binary()
  if held[root] or not binary then return end
  local argv = { binary, 'hold', '--reason', 'Neovim is paused', '--', 'cat' }
  local ok, process = pcall(vim.system, argv, { cwd = root, stdin = true, stdout = false, stderr = false }, vim.schedule_wrap(function()
    held[root] = nil
  end))
  if ok then held[root] = process end
end

local function hold_buffer(buf)
  local root = vim.bo[buf].buftype == '' and api.nvim_buf_get_name(buf) ~= '' and vim.fs.root(buf, '.git')
  root = root and vim.uv.fs_realpath(root)
  if root then hold_tree(root) end
end

--- :Kra pause and resume: while it is paused no sync writes into the work trees of this editor's files, those that are loaded later
--- included, for as long as sync.pause_max lets it wait.
---@param value boolean
function M.pause(value)
  if group then
    api.nvim_del_augroup_by_id(group)
    group = nil
  end
  if not value then
    for _, process in pairs(held) do process:kill('sigterm') end
    return
  end
  group = api.nvim_create_augroup('kra_sync_pause', {})
  api.nvim_create_autocmd('BufReadPost', {
    group = group, desc = 'kra: syncs wait here too', callback = function(event) hold_buffer(event.buf) end,
  })
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if api.nvim_buf_is_loaded(buf) then hold_buffer(buf) end
  end
end

-- What they have and the base, beside the file, in a tab of its own.
function M.show(lines, root)
  local sides, path = {}, nil
  for line in vim.gsplit(lines, '\n', { trimempty = true }) do
    local ok, side = pcall(vim.json.decode, line)
    if ok and type(side) == 'table' and side.side then sides[side.side], path = side.text, root .. '/' .. side.path end
  end
  if not path then return notify('no conflict', 'info') end
  vim.cmd.tabedit(vim.fn.fnameescape(path))
  local filetype = vim.bo.filetype
  vim.cmd.diffthis()
  for _, name in ipairs({ 'base', 'theirs' }) do
    if sides[name] then
      vim.cmd('rightbelow vnew')
      local buf = api.nvim_get_current_buf()
      vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = 'nofile', 'wipe', false
      api.nvim_buf_set_lines(buf, 0, -1, false, vim.split((sides[name]:gsub('\n$', '')), '\n'))
      vim.bo[buf].filetype, vim.bo[buf].modifiable = filetype, false
      pcall(api.nvim_buf_set_name, buf, ('kra://%s/%s'):format(name, path))
      vim.cmd.diffthis()
    end
  end
  vim.cmd.wincmd('t')
end

-- `show` and `take SIDE` are of `conflicts`, and without an id they are about this buffer's file.
local function whole(arguments, root)
  if arguments[1] == 'show' or arguments[1] == 'take' then arguments = vim.list_extend({ 'conflicts' }, arguments) end
  if arguments[1] ~= 'conflicts' then return arguments end
  local wanted = arguments[2] == 'show' and 3 or arguments[2] == 'take' and 4 or nil
  if wanted and #arguments == wanted - 1 then
    local name = vim.uv.fs_realpath(api.nvim_buf_get_name(0)) or ''
    if vim.startswith(name, root .. '/') then arguments = vim.list_extend(vim.list_extend({}, arguments), { name:sub(#root + 2) }) end
  end
  return arguments
end

---@param arguments string[]
function M.command(arguments)
  local binary = require('kra.daemon').binary()
  if not binary then return notify('there is no kra program; :checkhealth kra', 'error') end
  local where = directory()
  local root = vim.uv.fs_realpath(vim.fs.root(where, '.git') or where) or where
  arguments = whole(arguments, root)
  local lists = arguments[1] == 'conflicts' and (#arguments == 1 or arguments[2] == 'list')
  local shows = arguments[1] == 'conflicts' and arguments[2] == 'show'
  local argv = vim.list_extend({ binary, 'sync' }, arguments)
  if lists or shows then table.insert(argv, '--json') end
  local started = vim.uv.hrtime()
  vim.system(argv, { text = true, cwd = where, timeout = 180000 }, vim.schedule_wrap(function(result)
    local told, wrong = vim.trim(result.stdout or ''), vim.trim(result.stderr or '')
    if lists and result.code == 0 then return quickfix(told, root) end
    if shows and result.code == 0 then return M.show(told, root) end
    look_again()
    notify(told ~= '' and told or wrong, result.code == 0 and 'info' or result.code == 4 and 'warn' or 'error')
    require('kra.notify').event('KraSyncDone', { ok = result.code == 0, duration_ms = math.floor((vim.uv.hrtime() - started) / 1e6) })
  end))
end

return M
