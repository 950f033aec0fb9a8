-- nvim_latency [--sample|--full] [--seed N]: from the close of a write by somebody else until its text is in the buffer, through a real daemon, in
-- four styles of writing: in place, aside and renamed, slow (half, 30 ms, the rest), gap (gone, 60 ms, there again).
-- A state of the buffer that was never a whole file is wrong; a write that does not come within 3 s is lost.
-- One JSON line for each bar.
package.path = './?.lua;./lua/?.lua;./lua/?/init.lua;' .. package.path
local uv = vim.uv
local driver = require('tests.bench.support.driver')

local full, dir, repo = driver.full, driver.directory(), driver.repo
local ROUNDS = full and 2500 or 15
local LINES, ROW, LOST_MS = 2000, 1000, 3000

local env = driver.environment({ KRA_STATE_DIR = dir .. '/kra', KRA_CONFIG_DIR = dir .. '/conf', KRA_RUNTIME_DIR = dir .. '/run',
  KRA_BIN = repo .. '/build/kra' })
vim.fn.mkdir(dir .. '/run', 'p', tonumber('700', 8))

local function bar(fields)
  if fields.pass == nil then fields.pass = fields.figure <= fields.limit end
  driver.bar(fields)
end

local path = dir .. '/watched.txt'

local function text_of(tick)
  local lines = {}
  for i = 1, LINES do lines[i] = ('line number %d of a file'):format(i) end
  lines[ROW] = 'tick ' .. tick
  return table.concat(lines, '\n') .. '\n'
end

local function put(file, text)
  local fd = assert(uv.fs_open(file, 'w', tonumber('644', 8)))
  assert(uv.fs_write(fd, text))
  assert(uv.fs_close(fd))
end

-- Each gives the time at which the write was complete.
local styles = {
  { 'in place', function(text)
    put(path, text)
    return uv.hrtime()
  end },
  { 'aside and renamed', function(text)
    put(path .. '.aside', text)
    assert(uv.fs_rename(path .. '.aside', path))
    return uv.hrtime()
  end },
  { 'slow', function(text)
    local fd = assert(uv.fs_open(path, 'w', tonumber('644', 8)))
    assert(uv.fs_write(fd, text:sub(1, #text / 2)))
    uv.sleep(30)
    assert(uv.fs_write(fd, text:sub(#text / 2 + 1)))
    assert(uv.fs_close(fd))
    return uv.hrtime()
  end },
  { 'gap', function(text)
    assert(uv.fs_unlink(path))
    uv.sleep(60)
    put(path, text)
    return uv.hrtime()
  end },
}

-- One style in one editor; `seen` gives the time at which a tick was in the buffer.
local function measure(style, seen_in, rounds, tick)
  local times, lost = {}, 0
  for _ = 1, rounds do
    tick = tick + 1
    local closed = style[2](text_of(tick))
    local seen
    local patience = uv.hrtime() + LOST_MS * 1e6
    repeat
      seen = seen_in(tick)
      if seen == vim.NIL then seen = nil end
      if not seen then uv.sleep(1) end
    until seen or uv.hrtime() > patience
    if seen then times[#times + 1] = math.max(0, (seen - closed) / 1e6) else lost = lost + 1 end
    uv.sleep(5)
  end
  table.sort(times)
  local p50, p99 = times[math.floor(#times / 2) + 1] or 1e9, times[math.max(1, math.floor(#times * 0.99))] or 1e9
  return p50, p99, lost, tick
end

-- What others have: a watcher of each buffer's file, 100 ms of quiet, then `:checktime`, as Neovim 0.13 does it.
local function peers()
  put(path, text_of(0))
  local editor = driver.child(vim.tbl_extend('force', env, { KRA_DISABLE = '1' }))
  editor.lua([[
    local path, row = ...
    vim.o.autoread = true
    vim.cmd('edit ' .. path)
    _G.seen = {}
    local function look()
      local tick = tonumber((vim.api.nvim_buf_get_lines(0, row - 1, row, false)[1] or ''):match('^tick (%d+)$'))
      if tick and not _G.seen[tick] then _G.seen[tick] = vim.uv.hrtime() end
    end
    local timer, watcher = vim.uv.new_timer(), nil
    local function arm()
      if watcher then watcher:stop() end
      watcher = vim.uv.new_fs_event()
      watcher:start(path, {}, function()
        timer:start(100, 0, vim.schedule_wrap(function()
          vim.cmd('silent! checktime 1')
          look()
          arm()
        end))
      end)
    end
    arm()
  ]], path, ROW)
  for i = 1, 2 do
    local p50 = measure(styles[i], function(tick) return editor.lua('return _G.seen[...]', tick) end, ROUNDS > 100 and 20 or 3, 1000 * i)
    bar({ bar = ('peer: written %s, a watcher, 100 ms and :checktime, p50'):format(styles[i][1]), figure = p50, limit = 1e9, unit = 'ms',
      n = ROUNDS > 100 and 20 or 3, judged = false })
  end
  editor.stop()
end

local function run()
  put(path, text_of(0))
  local editor = driver.child(env)
  local lua = editor.lua
  local ready = lua([[
    local path, row = ...
    vim.cmd('runtime plugin/kra.lua')
    require('kra.live').start()
    require('kra.rpc').connect(function() end, true)
    vim.wait(10000, function() return require('kra.rpc').connected() end, 5)
    vim.cmd('edit ' .. path)
    _G.seen, _G.wrong = {}, 0
    vim.api.nvim_buf_attach(0, false, { on_lines = function(_, buf)
      local now = vim.uv.hrtime()
      -- After this turn, when all hunks of a change are in.
      vim.schedule(function()
        local tick = (vim.api.nvim_buf_get_lines(buf, row - 1, row, false)[1] or ''):match('^tick (%d+)$')
        if not tick or vim.api.nvim_buf_line_count(buf) ~= 2000 then _G.wrong = _G.wrong + 1
        elseif not _G.seen[tonumber(tick)] then _G.seen[tonumber(tick)] = now end
      end)
    end })
    return vim.wait(10000, function()
      local image = require('kra.live.image').get(vim.api.nvim_get_current_buf())
      return image and image.seq ~= nil
    end, 5)
  ]], path, ROW)
  assert(ready, 'the daemon does not watch the file')
  local tick = 0
  for _, style in ipairs(styles) do
    local p50, p99, lost
    p50, p99, lost, tick = measure(style, function(number) return lua('return _G.seen[...]', number) end, ROUNDS, tick)
    local bar_of = ('live: written %s until it is in the buffer, '):format(style[1])
    bar({ bar = bar_of .. 'p50', figure = p50, limit = 2, unit = 'ms', n = ROUNDS, judged = full })
    bar({ bar = bar_of .. 'p99', figure = p99, limit = 15, unit = 'ms', n = ROUNDS, judged = full })
    bar({ bar = ('live: written %s and lost'):format(style[1]), figure = lost, limit = 0, unit = 'writes', n = ROUNDS })
  end
  local wrong = lua('return _G.wrong')
  bar({ bar = 'live: states of the buffer that were no whole file', figure = wrong, limit = 0, unit = 'states', n = ROUNDS * #styles })
  editor.stop()
end

driver.run(function()
  local ok, err = pcall(run)
  vim.system({ repo .. '/build/kra', 'daemon', 'stop' }, { env = env }):wait(5000)
  assert(ok, err)
  peers()
end)
