-- nvim_drafts [--sample|--full] [--seed N]: what keeping unsaved text costs an edit, how long typed text takes until it stands in the
-- journal, and how long a turn of the main loop takes with a buffer of 100 MB. No daemon takes part: the editor writes by itself, which
-- is the slower way for it. One JSON line for each bar.
local uv = vim.uv

local full, seed = true, 1
for i, argument in ipairs(_G.arg) do
  if argument == '--sample' then full = false end
  if argument == '--seed' then seed = tonumber(_G.arg[i + 1]) or 1 end
end
math.randomseed(seed)

local dir = assert(uv.fs_realpath(assert(uv.fs_mkdtemp((os.getenv('TMPDIR') or '/tmp') .. '/kra-bench-XXXXXX'))))
local repo = assert(uv.fs_realpath('.'))
for _, name in ipairs({ 'run', 'home' }) do vim.fn.mkdir(dir .. '/' .. name, 'p', tonumber('700', 8)) end

local env = {}
for key, value in pairs({ HOME = dir .. '/home', PATH = os.getenv('PATH'), TERM = 'xterm-256color', LANG = 'C.UTF-8', XDG_STATE_HOME = dir,
  XDG_CONFIG_HOME = dir, XDG_DATA_HOME = dir, XDG_RUNTIME_DIR = dir .. '/run', NVIM_LOG_FILE = dir .. '/log', KRA_BIN = '/nonexistent/kra',
  KRA_STATE_DIR = dir .. '/state', KRA_RUNTIME_DIR = dir .. '/run' }) do env[key] = value end

local function child()
  local argv = { 'env', '-u', 'NVIM', vim.v.progpath, '--embed', '--headless', '-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set rtp^=' .. repo }
  local job = vim.fn.jobstart(argv, { rpc = true, clear_env = true, env = env, cwd = dir .. '/home' })
  return {
    lua = function(code, ...) return vim.rpcrequest(job, 'nvim_exec_lua', code, { ... }) end,
    stop = function()
      vim.fn.jobstop(job)
      vim.fn.jobwait({ job }, 5000)
    end,
  }
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

local function bar(fields)
  fields.seed = seed
  io.write(vim.json.encode(fields), '\n')
end

-- Edits of one byte each, as typing makes them; ns for one.
local EDITS = [[
  local count, watched = ...
  local api, uv = vim.api, vim.uv
  vim.cmd('enew!')
  local buf = api.nvim_get_current_buf()
  if watched then require('kra.draft').attach(buf) else require('kra.draft.records').remove(buf) end
  api.nvim_buf_set_lines(buf, 0, -1, false, { ('a line of text that is typed '):rep(2), 'another' })
  local set = api.nvim_buf_set_text
  local times = {}
  for block = 1, 20 do
    local started = uv.hrtime()
    for i = 1, count / 20 do set(buf, 0, i % 40, 0, i % 40 + 1, { 'x' }) end
    times[block] = (uv.hrtime() - started) / (count / 20)
  end
  table.sort(times)
  return times[10]
]]

local function per_edit()
  local rounds, count = full and 31 or 5, 20000
  local plain, ours = {}, {}
  local editor = child()
  editor.lua("require('kra.config').apply({ drafts = { debounce_ms = 100000, max_wait_ms = 100000 } }) require('kra.draft').start()")
  for round = 1, rounds do
    for turn = 1, 2 do
      local watched = (round + turn) % 2 == 0
      table.insert(watched and ours or plain, editor.lua(EDITS, count, watched))
    end
  end
  editor.stop()
  local floor = median(plain)
  local added = median(ours) - floor
  bar({ bar = 'Neovim drafts: added to an edit', figure = added, limit = 1000, floor = floor, unit = 'ns', n = rounds * count, pass = added <= 1000,
    judged = full })
end

local function journal_size()
  local size = 0
  for _, path in ipairs(vim.fn.glob(dir .. '/state/drafts/*.journal', true, true)) do size = size + (uv.fs_stat(path) or { size = 0 }).size end
  return size
end

-- From the last key to the growth of the file, seen from outside.
local function until_journal()
  local rounds = full and 40 or 3
  local times = {}
  local editor = child()
  editor.lua("require('kra.draft').start() vim.cmd('enew!')")
  for round = 1, rounds do
    local before = journal_size()
    for _ = 1, math.random(1, 5) do editor.lua("vim.api.nvim_feedkeys(vim.keycode('Atext<Esc>'), 'xt', false)") end
    local typed = uv.hrtime()
    repeat vim.wait(1) until journal_size() > before or uv.hrtime() - typed > 5e9
    times[round] = (uv.hrtime() - typed) / 1e6
  end
  editor.stop()
  local figure = median(times)
  bar({ bar = 'Neovim drafts: typed until it is in the journal, idle', figure = figure, limit = 310, floor = 300, unit = 'ms', n = rounds,
    worst = times[#times], pass = figure <= 310, judged = full })
end

-- A timer of 1 ms in the editor says how long it was kept waiting while a buffer of 100 MB is read.
local LARGE = [[
  local api, uv = vim.api, vim.uv
  vim.cmd('enew!')
  local lines = {}
  for i = 1, 1300000 do lines[i] = ('line %d of a buffer that is large, and no shorter than that'):format(i):sub(1, 76) end
  require('kra.config').apply({ drafts = { debounce_ms = 30, max_wait_ms = 60, max_buffer_bytes = 1e9, undo = false } })
  api.nvim_buf_set_lines(0, 0, -1, false, lines)
  lines = nil
  collectgarbage('collect')
  local flush, worst, cpu, turns = require('kra.draft').flush, 0, 0, 0
  require('kra.draft.clock').start(function()
    local started, used = uv.hrtime(), os.clock()
    flush()
    worst, cpu, turns = math.max(worst, uv.hrtime() - started), math.max(cpu, os.clock() - used), turns + 1
  end)
  require('kra.draft.clock').poke()
  local rec = require('kra.draft.records').get(api.nvim_get_current_buf())
  vim.wait(60000, function() return rec.sent end, 5)
  return { worst / 1e6, cpu * 1e3, turns, api.nvim_buf_get_offset(0, api.nvim_buf_line_count(0)), rec.sent }
]]

local function large()
  local editor = child()
  editor.lua("require('kra.draft').start()")
  local worst, cpu, turns, bytes, sent = unpack(editor.lua(LARGE))
  assert(sent, 'the large text was not sent')
  editor.stop()
  bar({ bar = 'Neovim drafts: longest turn with a large buffer', figure = worst, limit = 5, unit = 'ms', n = turns, bytes = bytes,
    cpu_ms = cpu, pass = worst <= 5, judged = full })
end

local ok, err = pcall(function()
  per_edit()
  until_journal()
  large()
end)
vim.fn.delete(dir, 'rf')
if not ok then
  io.stderr:write(tostring(err), '\n')
  os.exit(2)
end
