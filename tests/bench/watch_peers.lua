-- watch_peers [--sample|--full] [--seed N]: `kra watch` beside the watchers that are found here (inotifywait, fswatch, watchman-wait, chokidar), each
-- alone on a tree of its own: until it is ready, from before a write until its line came, and how many files it told of in directories that
-- were new, nested and written at once.
-- One JSON line for each bar; only what kra counted is judged.
package.path = './?.lua;./lua/?.lua;./lua/?/init.lua;' .. package.path
local uv = vim.uv
local driver = require('tests.bench.support.driver')

local full, dir = driver.full, driver.directory()
local OUTER, INNER = full and 100 or 10, full and 99 or 9
local WRITES, NESTED, PATIENCE_MS = full and 300 or 20, full and 300 or 30, 3000
local directories = OUTER * (INNER + 1)

local kra = driver.repo .. '/build/kra'
local env = driver.environment({ KRA_STATE_DIR = dir .. '/kra', KRA_CONFIG_DIR = dir .. '/conf', KRA_RUNTIME_DIR = dir .. '/run', KRA_BIN = kra })
vim.fn.mkdir(dir .. '/run', 'p', tonumber('700', 8))

---@class kra.bench.Watcher
---@field argv fun(tree: string): string[]
---@field ready? string what it prints when it is; those that print nothing are ready when they tell of a write
local watchers = {
  { name = 'kra', argv = function(tree) return { kra, 'watch', tree } end, ready = '"ready":true' },
  { name = 'inotifywait', ready = 'Watches established', argv = function(tree)
    return { 'inotifywait', '-m', '-r', '--format', '%w%f', '-e', 'close_write,moved_to', tree }
  end },
  { name = 'fswatch', argv = function(tree) return { 'fswatch', '-r', tree } end },
  { name = 'watchman-wait', argv = function(tree) return { 'watchman-wait', '-m', '0', tree } end },
  { name = 'chokidar', argv = function(tree) return { 'chokidar', tree .. '/**/*' } end },
}

local function put(path, mode)
  local file = assert(io.open(path, mode or 'wb'))
  file:write('x')
  file:close()
end

local function make_tree(tree)
  for outer = 1, OUTER do
    for inner = 0, INNER do
      local path = ('%s/d%d%s'):format(tree, outer, inner > 0 and '/e' .. inner or '')
      vim.fn.mkdir(path, 'p')
      for file = 0, 2 do put(path .. '/f' .. file) end
    end
  end
end

-- What it prints, as one text that grows.
local function start(argv)
  local out = { text = '' }
  local function take(_, data) out.text = out.text .. (data or '') end
  out.process = vim.system(argv, { env = env, clear_env = true, stdout = take, stderr = take })
  function out.wait(what, from, ms)
    return vim.wait(ms, function() return out.text:find(what, from, true) ~= nil end, 1)
  end
  return out
end

local function until_told(out, path)
  local from = #out.text + 1
  local before = uv.hrtime()
  put(path, 'ab')
  return out.wait(path:match('/d%d+/f0$'), from, PATIENCE_MS) and (uv.hrtime() - before) / 1e6 or nil
end

local function ready(watcher, out, probe)
  local before = uv.hrtime()
  if watcher.ready then return out.wait(watcher.ready, 1, 60000) and (uv.hrtime() - before) / 1e6 or nil end
  repeat
    put(probe, 'ab')
    if out.wait(vim.fs.basename(probe), 1, 20) then return (uv.hrtime() - before) / 1e6 end
  until uv.hrtime() - before > 60e9
end

local function told_nested(out, tree)
  local from, count = #out.text + 1, 0
  for i = 1, NESTED do
    vim.fn.mkdir(('%s/n%d/b/c'):format(tree, i), 'p')
    put(('%s/n%d/b/c/file'):format(tree, i))
  end
  local function seen(i) return out.text:find(('/n%d/b/c/file'):format(i), from, true) ~= nil end
  vim.wait(PATIENCE_MS, function() return seen(NESTED) end, 10)
  vim.wait(500)
  for i = 1, NESTED do count = count + (seen(i) and 1 or 0) end
  return count
end

local function bar(watcher, what, figure, limit, unit, n, at_least)
  local own = watcher.name == 'kra'
  local pass = not own or not limit or (at_least and figure >= limit) or (not at_least and figure <= limit)
  driver.bar({ bar = ('%s%s: %s'):format(own and '' or 'peer: ', own and 'kra watch' or watcher.name, what), figure = figure, limit = limit or 1e9,
    unit = unit, n = n, pass = pass, judged = own and limit ~= nil })
end

local function measure(watcher)
  local tree = dir .. '/' .. watcher.name
  make_tree(tree)
  put(tree .. '/probe-of-it')
  local out = start(watcher.argv(tree))
  local took = ready(watcher, out, tree .. '/probe-of-it')
  if not took then
    out.process:kill('sigterm')
    return driver.bar({ bar = 'peer: ' .. watcher.name, skipped = 'it does not get ready', pass = true, judged = false, figure = 0, limit = 0 })
  end
  bar(watcher, 'ready', took, nil, 'ms', directories)
  local times = {}
  for _ = 1, WRITES do
    local path = ('%s/d%d/f0'):format(tree, math.random(OUTER))
    times[#times + 1] = until_told(out, path)
    vim.wait(3)
  end
  table.sort(times)
  if #times > 0 then bar(watcher, 'from before a write until it is told, p50', times[math.floor(#times / 2) + 1], nil, 'ms', #times) end
  bar(watcher, 'writes that were not told', WRITES - #times, 0, 'writes', WRITES)
  bar(watcher, 'files told in new nested directories', told_nested(out, tree), NESTED, 'files', NESTED, true)
  out.process:kill('sigterm')
  vim.fn.delete(tree, 'rf')
end

driver.run(function()
  local ok, err = pcall(function()
    for _, watcher in ipairs(watchers) do
      if vim.fn.executable(watcher.argv('')[1]) == 1 then measure(watcher)
      else driver.bar({ bar = 'peer: ' .. watcher.name, skipped = 'it is not installed', pass = true, judged = false, figure = 0, limit = 0 }) end
    end
  end)
  vim.system({ kra, 'daemon', 'stop' }, { env = env }):wait(5000)
  assert(ok, err)
end)
