-- Data -> editor. The skeleton of all tabs first, without events; then the current tab with real ones: from there on the editor is
-- usable. The other tabs fill in turns of the loop, hidden buffers after them. What fails costs only itself, and no buffer with
-- changes is ever let go.
local api = vim.api
local data = require('kra.session.data')
local folds = require('kra.session.folds')
local guard = require('kra.session.guard')
local lists = require('kra.session.lists')
local options = require('kra.session.options')
local windows = require('kra.session.windows')
local M = {}

local TURN_MS, HIDDEN_PER_TURN, EAGER_BUFFERS = 1, 40, 50

---@class kra.Restore
---@field state kra.State
---@field bufs table<integer, integer> index -> buffer number
---@field tabs kra.Restore.Tab[]
---@field queue (fun())[]
---@field globals table<string, any> window options of a new window
---@field failed string[]
---@field started integer
---@field usable_ms number
---@field shada? string
---@field done? fun(report: kra.RestoreReport)
---@field placeholder integer the buffer of windows that wait

---@class kra.Restore.Tab
---@field state kra.State.Tab
---@field tab? integer
---@field wins (integer|false)[]
---@field filled boolean

---@class kra.RestoreReport
---@field ok boolean
---@field duration_ms number
---@field usable_ms number
---@field failed string[]
---@field swaps kra.Swap[]

local active ---@type kra.Restore?

local function fail(run, what, err)
  table.insert(run.failed, ('%s: %s'):format(require('kra.notify').printable(what), err))
end

local function try(run, what, work, ...)
  local ok, err = pcall(work, ...)
  if not ok then fail(run, what, err) end
  return ok
end

-- Only a plain file is opened: a pipe would wait for a writer, a directory would start a file tree.
local function openable(path)
  local stat = vim.uv.fs_stat(path)
  return stat == nil or stat.type == 'file'
end

--- The buffer with this index of the state, made when it is asked for first; nil when it cannot be.
---@return integer?
local function buffer(run, index)
  if run.bufs[index] then return run.bufs[index] end
  local state = run.state.buffers[index]
  if type(state) ~= 'table' then return nil end
  local buf
  if type(state.terminal) == 'table' then
    local argv, cwd = data.texts(state.terminal.argv, 1000), data.path(state.terminal.cwd) or vim.env.HOME or '/'
    if #argv > 0 then buf = require('kra.session.terminal').placeholder({ cwd = cwd, argv = argv }) end
  elseif data.path(state.path) then
    local known = vim.fn.bufexists(state.path) == 1
    buf = vim.fn.bufadd(state.path)
    if not state.hidden then vim.bo[buf].buflisted = true
    elseif not known then vim.bo[buf].buflisted = false end
  elseif state.path == nil then
    buf = api.nvim_create_buf(not state.hidden, false)
    require('kra.draft.recover').expect(state.draft, buf)
  end
  if not buf or buf == 0 then return nil end
  run.bufs[index] = buf
  require('kra.session.order').set(buf, index)
  return buf
end

local function change_directory(run, command, path)
  if not data.path(path) then return end
  if vim.fn.isdirectory(path) == 0 then
    fail(run, path, 'the directory is not there any more')
    return
  end
  -- `:cd` puts values into `$NAME`, whatever escapes it; the process goes there first, then `.` has no such letters.
  local target = path
  if path:find('$', 1, true) and vim.uv.chdir(path) then target = '.' end
  try(run, path, api.nvim_cmd, { cmd = command, args = { target }, magic = { file = false, bar = false }, mods = { silent = true } }, {})
end

-- A new tab with all windows in their places, each on the empty placeholder.
local function skeleton(run, entry, placeholder)
  local tree, count = windows.tree(entry.state.layout)
  if not tree or count ~= #data.list(entry.state.windows, 256) then
    fail(run, 'tab', 'its window tree is damaged')
    return
  end
  api.nvim_cmd({ cmd = 'tabnew', mods = { tab = #api.nvim_list_tabpages() } }, {})
  entry.tab = api.nvim_get_current_tabpage()
  local first = api.nvim_get_current_win()
  local empty = api.nvim_get_current_buf()
  options.reset_window(first, run.globals)
  api.nvim_win_set_buf(first, placeholder)
  if empty ~= placeholder then pcall(api.nvim_buf_delete, empty, {}) end
  local size = data.list(run.state.size, 2)
  entry.wins = windows.build(tree, first, entry.state.windows, size)
  windows.resize(entry.wins, entry.state.windows, size)
  change_directory(run, 'tcd', entry.state.cwd)
end

-- nvim_win_set_buf() would fail on a swap file without asking SwapExists; `:buffer` asks.
local function enter(win, buf)
  api.nvim_win_call(win, function()
    api.nvim_cmd({ cmd = 'buffer', args = { tostring(buf) }, mods = { silent = true, keepalt = true } }, {})
  end)
end

local function show_buffer(run, win, state)
  if state.extension then
    if not require('kra.session.extensions').restore_window(state.extension, win, state.data) then
      pcall(api.nvim_win_close, win, false)
    end
    return
  end
  if data.path(state.cwd) then
    api.nvim_win_call(win, function() change_directory(run, 'lcd', state.cwd) end)
  end
  local entry = run.state.buffers[state.buffer]
  local path = type(entry) == 'table' and entry.path or nil
  if path and not openable(path) then
    fail(run, path, 'it is no file any more')
    return
  end
  local buf = buffer(run, state.buffer)
  if not buf then return end
  -- A failing autocommand of somebody's leaves the file in the window all the same.
  try(run, path or 'buffer', enter, win, buf)
  if type(entry) == 'table' then options.set_buffer(buf, entry.options) end
  local terminal = vim.b[buf].kra_terminal
  if terminal and require('kra.config').get().session.run_terminals then
    try(run, 'terminal', function() run.bufs[state.buffer] = require('kra.session.terminal').start(win, terminal) end)
  end
end

-- What could not be shown leaves an ordinary empty window.
local function leave_placeholder(run, win, _)
  if api.nvim_win_is_valid(win) and api.nvim_win_get_buf(win) == run.placeholder then api.nvim_win_set_buf(win, api.nvim_create_buf(true, false)) end
end

local function place_cursor(win, state)
  local last = api.nvim_buf_line_count(api.nvim_win_get_buf(win))
  local cursor = data.list(state.cursor, 2)
  local line = data.number(cursor[1], 1, last, 1)
  api.nvim_win_call(win, function()
    vim.fn.winrestview({
      lnum = line, col = data.number(cursor[2], 0, 2 ^ 31 - 1, 0), curswant = data.number(cursor[2], 0, 2 ^ 31 - 1, 0),
      topline = data.number(state.top, 1, last, 1), leftcol = data.number(state.left, 0, 2 ^ 31 - 1, 0),
    })
  end)
end

local function finish_window(run, win, state)
  if state.extension then return end
  local try_one = function(what, work, ...) try(run, what, work, ...) end
  if state.diff == true then try_one('diff', api.nvim_win_call, win, function() api.nvim_cmd({ cmd = 'diffthis' }, {}) end) end
  try_one('options', options.set_window, win, state.options)
  try_one('folds', folds.restore, win, state.folds)
  try_one('argument list', lists.set_args, win, state.args, true)
  try_one('location list', lists.set_location, win, state.list)
  try_one('cursor', place_cursor, win, state)
  local alternate = state.alternate and buffer(run, state.alternate)
  if alternate then try_one('alternate file', api.nvim_win_call, win, function() vim.fn.setreg('#', tostring(alternate)) end) end
end

local function live(entry, i)
  local win = entry.wins[i]
  return win and api.nvim_win_is_valid(win) and win or nil
end

-- Fills one tab. Entering windows of another tab makes them its active ones, so that is set last.
local function fill(run, entry)
  if entry.filled or not entry.tab or not api.nvim_tabpage_is_valid(entry.tab) then return end
  entry.filled = true
  for _, act in ipairs({ show_buffer, leave_placeholder, finish_window }) do
    for i, state in ipairs(entry.state.windows) do
      local win = live(entry, i)
      if win then try(run, 'window', act, run, win, type(state) == 'table' and state or {}) end
    end
    if act == show_buffer and entry.tab == api.nvim_get_current_tabpage() then
      windows.resize(entry.wins, entry.state.windows, data.list(run.state.size, 2))
    end
  end
  local win = live(entry, data.number(entry.state.win, 1, 256, 1)) or api.nvim_tabpage_list_wins(entry.tab)[1]
  if entry.tab == api.nvim_get_current_tabpage() then api.nvim_set_current_win(win) else api.nvim_tabpage_set_win(entry.tab, win) end
end

-- Short messages, no redrawing in between, changed buffers may be hidden.
local function calm(events)
  return { lazyredraw = true, hidden = true, more = false, confirm = false, eventignore = events,
    shortmess = vim.o.shortmess:gsub('[FoOTtIW]', '') .. 'FoOTtIW',
    autochdir = false, equalalways = true, winminheight = 0, winminwidth = 0, winheight = 1, winwidth = 1 }
end

-- Windows that were there before, the newest tab excepted. One with changes that would be lost stays.
local function close_old(run, old)
  for _, win in ipairs(old.wins) do
    if api.nvim_win_is_valid(win) then
      local buf = api.nvim_win_get_buf(win)
      local ok, err = pcall(api.nvim_win_close, win, false)
      if not ok then fail(run, api.nvim_buf_get_name(buf), err) end
    end
  end
end

local function forget_old(run, old)
  local used = {}
  for _, buf in pairs(run.bufs) do used[buf] = true end
  for _, buf in ipairs(old.bufs) do
    if api.nvim_buf_is_valid(buf) and not used[buf] and not vim.bo[buf].modified and vim.bo[buf].buftype == '' and #vim.fn.win_findbuf(buf) == 0 then
      local empty = api.nvim_buf_get_name(buf) == ''
      pcall(api.nvim_buf_delete, buf, { unload = not empty })
      if not empty and api.nvim_buf_is_valid(buf) then vim.bo[buf].buflisted = false end
    end
  end
end

local function remember_old()
  local old = { wins = {}, bufs = {} }
  for _, win in ipairs(api.nvim_list_wins()) do
    if api.nvim_win_get_config(win).relative == '' then table.insert(old.wins, win) end
  end
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if vim.bo[buf].buflisted then table.insert(old.bufs, buf) end
  end
  return old
end

local function finish(run)
  active = nil
  pcall(api.nvim_del_augroup_by_name, 'kra_restore')
  require('kra.buffers').refresh()
  local report = {
    ok = #run.failed == 0, failed = run.failed, usable_ms = run.usable_ms,
    duration_ms = (vim.uv.hrtime() - run.started) / 1e6, swaps = require('kra.session.swap').take(),
  }
  if run.done then run.done(report) end
end

-- One step of the rest, under the same guards as the first one.
local function step(run, work)
  local _, err = guard.with(calm('TabEnter,TabLeave,WinEnter,WinLeave,BufEnter,BufLeave'), function()
    vim.g.SessionLoad = 1
    require('kra.session.swap').with(work)
  end, true)
  if err then fail(run, 'restore', err) end
end

local function turn(run)
  if active ~= run then return end
  local work = table.remove(run.queue, 1)
  if not work then return finish(run) end
  step(run, work)
  vim.defer_fn(function() turn(run) end, TURN_MS)
end

local function add_hidden(run, first, last)
  for i = first, last do
    local state = run.state.buffers[i]
    if not run.bufs[i] and type(state) == 'table' and (data.path(state.path) or type(state.terminal) == 'table') then
      try(run, state.path or 'terminal', function()
        local buf = buffer(run, i)
        if buf and state.path and not api.nvim_buf_is_loaded(buf) then
          require('kra.session.later').set(buf, data.number(state.line, 1, 2 ^ 31 - 1, nil), type(state.options) == 'table' and state.options or nil)
        end
      end)
    end
  end
end

-- A window that uses the global argument list; the current one may have its own.
local function window_of_all()
  local windows_here = vim.list_extend({ api.nvim_get_current_win() }, api.nvim_tabpage_list_wins(0))
  for _, win in ipairs(windows_here) do
    if vim.fn.arglistid(win) == 0 then return win end
  end
end

-- The argument list makes its files listed buffers; those that were not stay away from :ls.
local function set_global_args(run)
  local args = run.state.args
  if type(args) ~= 'table' then args = {} end
  local listed = {}
  for _, state in ipairs(run.state.buffers) do
    if type(state) == 'table' and state.path and not state.hidden then listed[state.path] = true end
  end
  local win = window_of_all()
  if not win then return end
  lists.set_args(win, args, false, run.state.arg)
  for _, path in ipairs(data.texts(args)) do
    local buf = vim.fn.bufnr(('^%s$'):format(vim.fn.escape(path, '^$.*?/\\[]~{},')))
    if buf > 0 and not listed[path] then vim.bo[buf].buflisted = false end
  end
end

local function queue_rest(run)
  for _, entry in ipairs(run.tabs) do
    table.insert(run.queue, function() fill(run, entry) end)
  end
  for first = 1, #run.state.buffers, HIDDEN_PER_TURN do
    table.insert(run.queue, function() add_hidden(run, first, math.min(first + HIDDEN_PER_TURN - 1, #run.state.buffers)) end)
  end
  table.insert(run.queue, function()
    try(run, 'argument list', set_global_args, run)
    try(run, 'quickfix list', lists.set_quickfix, run.state.quickfix)
  end)
  table.insert(run.queue, function()
    if run.shada then try(run, 'marks', require('kra.session.shada').read, run.shada) end
    require('kra.session.extensions').restore(run.state.extensions)
  end)
end

-- A tab that is entered before its turn is filled at once.
local function pull_on_enter(run)
  local group = api.nvim_create_augroup('kra_restore', {})
  api.nvim_create_autocmd('TabEnter', {
    group = group,
    nested = true,
    desc = 'kra: fill this tab now',
    callback = function()
      for _, entry in ipairs(run.tabs) do
        if entry.tab == api.nvim_get_current_tabpage() and not entry.filled then step(run, function() fill(run, entry) end) end
      end
    end,
  })
end

local function build(run, old)
  local placeholder = api.nvim_create_buf(false, true)
  run.placeholder = placeholder
  vim.bo[placeholder].bufhidden = 'wipe'
  change_directory(run, 'cd', run.state.cwd)
  for _, entry in ipairs(run.tabs) do
    local before = api.nvim_get_current_tabpage()
    if not try(run, 'tab', skeleton, run, entry, placeholder) and entry.tab then
      entry.tab = nil
      api.nvim_cmd({ cmd = 'tabclose' }, {})
      api.nvim_set_current_tabpage(before)
    end
  end
  local made = vim.tbl_filter(function(entry) return entry.tab ~= nil end, run.tabs)
  if #made == 0 then
    if api.nvim_buf_is_valid(placeholder) then pcall(api.nvim_buf_delete, placeholder, { force = true }) end
    error('no tab of this session can be built', 0)
  end
  local wanted = run.tabs[data.number(run.state.tab, 1, #run.tabs, 1)]
  local current = wanted.tab and wanted or made[1]
  api.nvim_set_current_tabpage(current.tab)
  close_old(run, old)
  return current
end

--- The state that is being restored, while parts of it are still missing: what a save must take instead of half a screen.
---@return kra.State?
function M.pending() return active and active.state end

--- Brings `state` into this editor. Comes back when the current tab is usable; `done` is called when all is there.
---@param state kra.State
---@param opts? {shada?: string, done?: fun(report: kra.RestoreReport)}
---@return boolean ok
---@return string? error
function M.apply(state, opts)
  opts = opts or {}
  if active then return false, 'another restore is under way' end
  if type(state) ~= 'table' or state.version ~= require('kra.session.capture').VERSION then
    return false, 'the session was written by another version of kra'
  end
  local run = {
    state = state, globals = options.globals(), bufs = {}, tabs = {}, queue = {}, failed = {}, started = vim.uv.hrtime(), shada = opts.shada,
    done = opts.done,
  }
  state.buffers = data.list(state.buffers, 20000)
  for _, tab in ipairs(data.list(state.tabs, 1000)) do
    if type(tab) == 'table' then
      tab.layout, tab.windows = data.list(tab.layout, 1000), data.list(tab.windows, 256)
      table.insert(run.tabs, { state = tab, wins = {}, filled = false })
    end
  end
  if #run.tabs == 0 then return false, 'the session holds no tab' end
  active = run
  local old = remember_old()
  local events = vim.o.eventignore
  local current, err = guard.with(calm('all'), function() return build(run, old) end, true)
  if not current then
    active = nil
    return false, err
  end
  pull_on_enter(run)
  step(run, function()
    vim.o.eventignore = events
    if #state.buffers <= EAGER_BUFFERS then add_hidden(run, 1, #state.buffers) end
    fill(run, current)
  end)
  forget_old(run, old)
  run.usable_ms = (vim.uv.hrtime() - run.started) / 1e6
  pcall(api.nvim_exec_autocmds, 'SessionLoadPost', { modeline = false })
  queue_rest(run)
  vim.defer_fn(function() turn(run) end, TURN_MS)
  return true
end

return M
