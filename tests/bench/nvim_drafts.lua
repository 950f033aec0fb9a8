-- nvim_drafts [--sample|--full] [--seed N]: what keeping unsaved text costs an edit, how long typed text takes until it stands in the
-- journal, and how long a turn of the main loop takes with a buffer of 100 MB. No daemon takes part: the editor writes by itself, which
-- is the slower way for it. One JSON line for each bar.
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
  require('kra.config').apply({ drafts = { debounce_ms = 30, max_wait_ms = 60, max_buffer_bytes = 1e9, undo = false } })
  vim.cmd('silent read ' .. ...)
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

-- Read by Neovim itself: a million strings of Lua's would be what is measured.
local function large_file()
  local path = dir .. '/large.txt'
  local file = assert(io.open(path, 'w'))
  for i = 1, 1300000 do file:write(('line %d of a buffer that is large, and no shorter than that line is'):format(i):sub(1, 79), '\n') end
  file:close()
  return path
end

local function large()
  local editor = child()
  editor.lua("require('kra.draft').start()")
  local worst, cpu, turns, bytes, sent = unpack(editor.lua(LARGE, large_file()))
  assert(sent, 'the large text was not sent')
  editor.stop()
  bar({ bar = 'Neovim drafts: longest turn with a large buffer', figure = worst, limit = 5, unit = 'ms', n = turns, bytes = bytes,
    cpu_ms = cpu, pass = worst <= 5, judged = full })
end

driver.run(function()
  per_edit()
  until_journal()
  large()
end)
