-- nvim_session [--sample|--full] [--seed N]: what a session costs in Neovim.
--   the tick: telling whether the visible files changed, and a whole capture with its packing, at 500 buffers (2 ms of the main loop)
--   a restore of 10, 100 and 500 buffers in 16 windows: the time until the current tab is usable, beside `:source` of what
--   `:mksession` wrote for the same editor (as soon at the latest; 1.5 times sooner is asked for)
-- One JSON line for each bar.
package.path = './?.lua;./lua/?.lua;./lua/?/init.lua;' .. package.path
local driver = require('tests.bench.support.driver')
local full, seed, bar, median = driver.full, driver.seed, driver.bar, driver.median
local ROUNDS = full and 25 or 5
local TICKS = full and 400 or 60
local WINDOWS_PER_TAB, TABS = 4, 4

local dir = driver.directory()

local function child()
  local env = driver.environment({ XDG_STATE_HOME = dir .. '/state', XDG_CONFIG_HOME = dir .. '/config', XDG_DATA_HOME = dir .. '/data',
    KRA_DISABLE = '1' })
  return driver.child(env, { 'let g:loaded_python3_provider = 0', 'filetype plugin on', 'syntax on' })
end

-- `count` Lua files in 16 windows of four tabs; the rest is hidden.
local BUILD = [[
  local dir, count, tabs, windows = ...
  vim.o.columns, vim.o.lines = 160, 50
  for i = 1, count do vim.bo[vim.fn.bufadd(('%s/file%d.lua'):format(dir, i))].buflisted = true end
  local shown = 0
  for tab = 1, tabs do
    if tab > 1 then vim.cmd('tabnew') end
    for window = 1, windows do
      if window == 2 then vim.cmd('vsplit') elseif window > 2 then vim.cmd('split') end
      shown = shown % count + 1
      vim.cmd.buffer(vim.fn.bufnr(('%s/file%d.lua'):format(dir, shown)))
      vim.cmd(tostring(shown))
    end
  end
  vim.cmd('tabfirst')
]]

local function write_files(count)
  for i = 1, count do
    local file = assert(io.open(('%s/file%d.lua'):format(dir, i), 'w'))
    for line = 1, 100 do file:write(('local value_%d = %d -- a line\n'):format(line, i)) end
    file:close()
  end
end

local function tick()
  local editor = child()
  editor.lua(BUILD, dir, 500, TABS, WINDOWS_PER_TAB)
  local report = editor.lua([[
    local ticks = ...
    vim.cmd('runtime plugin/kra.lua')
    require('kra.events').start()
    local function once()
      local start = vim.uv.hrtime()
      require('kra.events').visible()
      local packed = require('kra.session.pack').account(require('kra.serve').account())
      return (vim.uv.hrtime() - start) / 1e6, #packed
    end
    local first = once()
    local times, size = {}, 0
    for i = 1, ticks do
      -- A person moved on: another file in this window, another place in it.
      vim.cmd.buffer(vim.fn.bufnr(('%s/file%d.lua'):format(vim.fn.getcwd(), i % 400 + 20)))
      vim.cmd(tostring(i % 90 + 1))
      times[i], size = once()
    end
    table.sort(times)
    return { first = first, median = times[math.floor(#times / 2)], p95 = times[math.floor(#times * 0.95)], size = size }
  ]], TICKS)
  editor.stop()
  bar({ bar = 'Neovim: autosave tick at 500 buffers', figure = report.median, p95 = report.p95, first = report.first, bytes = report.size,
    limit = 2, unit = 'ms', n = TICKS, pass = report.median <= 2, judged = full })
end

local RESTORE = [[
  vim.o.columns, vim.o.lines = 160, 50
  local state = vim.mpack.decode(...)
  -- The plugin is loaded in an editor that is used; reading its modules once is not the restore.
  for _, name in ipairs({ 'restore', 'capture', 'windows', 'folds', 'lists', 'options', 'later', 'swap', 'extensions' }) do
    require('kra.session.' .. name)
  end
  local start = vim.uv.hrtime()
  assert(require('kra.session').restore(state, { done = function() _G.whole = (vim.uv.hrtime() - start) / 1e6 end }))
  local usable = (vim.uv.hrtime() - start) / 1e6
  vim.wait(20000, function() return _G.whole end, 1)
  return { usable = usable, whole = _G.whole, buffers = #vim.fn.getbufinfo({ buflisted = 1 }), windows = #vim.api.nvim_list_wins(),
    text = vim.fn.line('$') }
]]
local SOURCE = [[
  vim.o.columns, vim.o.lines = 160, 50
  local start = vim.uv.hrtime()
  vim.cmd('silent source ' .. ...)
  local usable = (vim.uv.hrtime() - start) / 1e6
  return { usable = usable, buffers = #vim.fn.getbufinfo({ buflisted = 1 }), windows = #vim.api.nvim_list_wins(), text = vim.fn.line('$') }
]]

local function restore(count)
  local editor = child()
  editor.lua(BUILD, dir, count, TABS, WINDOWS_PER_TAB)
  local packed = editor.lua("vim.cmd('mksession! ' .. ...) return vim.mpack.encode((require('kra.session').capture()))", dir .. '/Session.vim')
  editor.stop()
  local ours, whole, theirs = {}, {}, {}
  for round = 1, ROUNDS do
    -- In turns, the first of a round changing, so that noise meets both alike.
    for turn = 1, 2 do
      local second = child()
      local kra = (round + turn + seed) % 2 == 0
      local report = kra and second.lua(RESTORE, packed) or second.lua(SOURCE, dir .. '/Session.vim')
      second.stop()
      assert(report.buffers == count and report.windows == TABS * WINDOWS_PER_TAB and report.text == 100,
        'the end state is not what was saved: ' .. vim.inspect(report))
      if kra then
        table.insert(ours, report.usable)
        table.insert(whole, report.whole)
      else
        table.insert(theirs, report.usable)
      end
    end
  end
  local usable, floor, all = median(ours), median(theirs), median(whole)
  bar({ bar = ('Neovim: restore of %d buffers, current tab usable'):format(count), figure = usable, limit = floor / 1.5, floor = floor,
    unit = 'ms', n = ROUNDS, whole = all, times_sooner = floor / usable, pass = usable <= floor / 1.5, judged = full })
end

driver.run(function()
  write_files(500)
  tick()
  for _, count in ipairs({ 10, 100, 500 }) do restore(count) end
end)
