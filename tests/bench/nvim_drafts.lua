-- nvim_drafts [--sample|--full] [--seed N] [--only edit|journal|large|ends]: what keeping unsaved text costs an edit, how long typed text
-- takes until it stands in the journal, and with a buffer of 100 MB how long a turn of the main loop takes, and the end of the editor. No
-- daemon takes part: the editor writes by itself, which is the slower way for it. One JSON line for each bar.
package.path = './?.lua;' .. package.path
local driver = require('tests.bench.support.driver')
local uv = vim.uv
local full, bar, median = driver.full, driver.bar, driver.median

local dir = driver.directory()
for _, name in ipairs({ 'run', 'home' }) do vim.fn.mkdir(dir .. '/' .. name, 'p', tonumber('700', 8)) end

local function child()
  return driver.child(driver.environment({ HOME = dir .. '/home', XDG_RUNTIME_DIR = dir .. '/run', KRA_BIN = '/nonexistent/kra',
    KRA_STATE_DIR = dir .. '/state', KRA_RUNTIME_DIR = dir .. '/run' }))
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

-- Of the journals, and of the texts beside them.
local function journal_size()
  local size = 0
  for _, names in ipairs({ '*.journal', 'texts/*' }) do
    for _, path in ipairs(vim.fn.glob(dir .. '/state/drafts/' .. names, true, true)) do size = size + (uv.fs_stat(path) or { size = 0 }).size end
  end
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

-- The file is opened as it is, or its text is another's: then there is no file that it could be a change of.
local READ = [[
  local path, as_file = ...
  if as_file then vim.cmd('silent edit ' .. path) else vim.cmd('enew! | silent read ' .. path) end
]]

-- Every turn in which a large text is read, timed around what runs in it.
local LARGE = [[
  local api, uv = vim.api, vim.uv
  local draft = require('kra.draft')
  local flush, worst, cpu, turns = draft.flush, 0, 0, 0
  require('kra.draft.clock').start(function()
    local started, used = uv.hrtime(), os.clock()
    flush()
    worst, cpu, turns = math.max(worst, uv.hrtime() - started), math.max(cpu, os.clock() - used), turns + 1
  end)
  local rec = require('kra.draft.records').get(api.nvim_get_current_buf())
  if not rec.dirty then api.nvim_buf_set_text(0, 10, 0, 10, 0, { 'x' }) end
  require('kra.draft.clock').poke()
  vim.wait(60000, function() return rec.sent and not rec.scan end, 5)
  return { worst / 1e6, cpu * 1e3, turns, api.nvim_buf_get_offset(0, api.nvim_buf_line_count(0)), rec.sent }
]]

-- As many turns of the same length in a Neovim that keeps nothing: it reads lines for as long as a turn of ours takes at most.
local TURNS = [[
  local turns, line = ..., 0
  local worst = 0
  for _ = 1, turns do
    local started = vim.uv.hrtime()
    repeat
      local text = table.concat(vim.api.nvim_buf_get_lines(0, line, line + 100, false), '\n')
      line = #text > 0 and line + 100 or 0
    until vim.uv.hrtime() - started > 1.5e6
    worst = math.max(worst, vim.uv.hrtime() - started)
    vim.wait(1)
  end
  return worst / 1e6
]]

local SETTINGS = [[
  require('kra.config').apply({ drafts = { debounce_ms = 30, max_wait_ms = 60, max_buffer_bytes = 1e9, undo = false } })
  require('kra.draft').start()
]]

-- Read by Neovim itself: a million strings of Lua's would be what is measured.
local function large_file()
  local path = dir .. '/large.txt'
  if uv.fs_stat(path) then return path end
  local file = assert(io.open(path, 'w'))
  for i = 1, 1300000 do file:write(('line %d of a buffer that is large, and no shorter than that line is'):format(i):sub(1, 79), '\n') end
  file:close()
  return path
end

-- The longest turn is told of the best of three runs: a machine that does other things takes the processor away for longer than a turn is.
local function large()
  local best
  for _, as_file in ipairs(full and { true, false, true, false } or { true, false }) do
    local editor = child()
    editor.lua(SETTINGS)
    editor.lua(READ, large_file(), as_file)
    local worst, cpu, turns, bytes, sent = unpack(editor.lua(LARGE))
    assert(sent, 'the large text was not sent')
    editor.stop()
    editor = child()
    editor.lua(READ, large_file(), false)
    local floor = editor.lua(TURNS, turns)
    editor.stop()
    local row = { worst = worst, cpu = cpu, turns = turns, bytes = bytes, floor = floor }
    if not best or worst < best.worst then best = row end
    best.all = vim.list_extend(best.all or {}, { { worst, cpu, floor } })
  end
  bar({ bar = 'Neovim drafts: longest turn with a large buffer', figure = best.worst, limit = 5, floor = best.floor, unit = 'ms', n = best.turns,
    bytes = best.bytes, cpu_ms = best.cpu, pass = best.worst <= 5, judged = full })
end

-- --- the last flush ----------------------------------------------------------------------------------------------------

local function by_signal(name)
  return function(_, pid) uv.kill(pid, name) end
end
local ends = {
  { 'SIGTERM', by_signal('sigterm') },
  { 'SIGHUP', by_signal('sighup') },
  { ':qa!', function(editor) vim.rpcnotify(editor.channel, 'nvim_command', 'qa!') end },
  { 'UILeave', function(editor) vim.rpcrequest(editor.channel, 'nvim_ui_detach') end, lives = true },
}

-- From what ends the editor to its end; for what it outlives, to the answer. Text that was changed a moment ago is in no journal yet.
local function end_once(row, watched, as_file)
  local editor = child()
  local pid = editor.lua('return vim.uv.os_getpid()')
  vim.rpcrequest(editor.channel, 'nvim_ui_attach', 80, 24, vim.empty_dict())
  if watched then
    editor.lua(SETTINGS)
    editor.lua("require('kra.config').apply({ drafts = { debounce_ms = 60000, max_wait_ms = 60000 } })")
  end
  editor.lua(READ, large_file(), as_file)
  editor.lua("vim.api.nvim_buf_set_text(0, 10, 0, 10, 0, { 'x' })")
  local before = journal_size()
  local began = uv.hrtime()
  row[2](editor, pid)
  if not row.lives then assert(vim.fn.jobwait({ editor.channel }, 30000)[1] ~= -1, 'the editor goes on') end
  local took = (uv.hrtime() - began) / 1e6
  editor.stop()
  -- Only what can still be read must be there: a signal handler sees no buffer.
  if watched and (as_file or row[1]:find('^[:U]')) then
    local least = as_file and 1 or uv.fs_stat(large_file()).size
    assert(journal_size() - before >= least, row[1] .. ': not all was kept')
  end
  vim.fn.delete(dir .. '/state/drafts', 'rf')
  return took
end

-- What Neovim itself needs to get that text out of the editor: its own `:write`.
local function plain_write()
  local best = math.huge
  for _ = 1, full and 3 or 1 do
    local editor = child()
    editor.lua(READ, large_file(), false)
    local took = editor.lua([[
      local started = vim.uv.hrtime()
      vim.cmd('silent noautocmd write! ' .. ...)
      return (vim.uv.hrtime() - started) / 1e6
    ]], dir .. '/written.txt')
    editor.stop()
    best = math.min(best, took)
  end
  os.remove(dir .. '/written.txt')
  return best
end

local function last_flush()
  local worst, floor, of = 0, plain_write(), {}
  for _, row in ipairs(ends) do
    for _, as_file in ipairs({ true, false }) do
      local ours, plain = {}, {}
      for round = 1, full and 3 or 1 do ours[round], plain[round] = end_once(row, true, as_file), end_once(row, false, as_file) end
      table.sort(ours)
      table.sort(plain)
      table.insert(of, ('%s, %s: %.0f (plain %.0f)'):format(row[1], as_file and 'a file' or 'no file', ours[1], plain[1]))
      worst = math.max(worst, ours[1])
    end
  end
  bar({ bar = 'Neovim drafts: the end of an editor with a large changed buffer', figure = worst, limit = 500, floor = floor, unit = 'ms', n = #of,
    of = of, pass = worst <= 500, judged = full })
end

local parts = { edit = per_edit, journal = until_journal, large = large, ends = last_flush }
driver.run(function()
  if driver.only then return parts[driver.only]() end
  for _, name in ipairs({ 'edit', 'journal', 'large', 'ends' }) do parts[name]() end
end)
