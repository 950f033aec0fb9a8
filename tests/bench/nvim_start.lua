-- nvim_start [--sample|--full] [--seed N]: what the plugin adds to a start of Neovim without a session. Starts with and without it take
-- turns; --startuptime says how long each took; the difference of the medians may be 0.5 ms. No kra.* module may be loaded by then.
-- One JSON line for each bar.
package.path = './?.lua;' .. package.path
local driver = require('tests.bench.support.driver')
local full, seed, bar, median = driver.full, driver.seed, driver.bar, driver.median
local ROUNDS = full and 200 or 10

local dir, repo = driver.directory(), driver.repo

local function write(name, text)
  local file = assert(io.open(dir .. '/' .. name, 'w'))
  file:write(text)
  file:close()
  return dir .. '/' .. name
end

local probe = [[
vim.api.nvim_create_autocmd('VimEnter', { callback = function()
  vim.schedule(function()
    local loaded = vim.tbl_filter(function(name) return name:find('^kra') end, vim.tbl_keys(package.loaded))
    vim.fn.writefile({ tostring(vim.g.loaded_kra or 0), tostring(#loaded) }, ... .. '/seen')
    vim.cmd('qall!')
  end)
end })
]]

local function vimrc(name, lines) return write(name, (probe:gsub('%.%.%. %.%. ', ('%q .. '):format(dir))) .. lines) end
-- Both have a directory more to look through; that of the other holds an empty plugin file.
vim.fn.mkdir(dir .. '/empty/plugin', 'p')
write('empty/plugin/empty.lua', '')
local without = vimrc('without.lua', ('vim.opt.rtp:prepend(%q)\n'):format(dir .. '/empty'))
local with = vimrc('with.lua', ('vim.opt.rtp:prepend(%q)\n'):format(repo))

local env = driver.environment()

-- One start, in ms: what --startuptime says of the time until the editor is there, and of the plugin file.
local function start(rc)
  local log = dir .. '/times'
  os.remove(log)
  os.remove(dir .. '/seen')
  local argv = { vim.v.progpath, '--headless', '-i', 'NONE', '-n', '-u', rc, '--startuptime', log }
  local job = vim.fn.jobstart(argv, { clear_env = true, env = env, cwd = dir })
  vim.fn.jobwait({ job }, 20000)
  local total, plugin
  for line in io.lines(log) do
    total = tonumber(line:match('^(%d+%.%d+)%s+%d+%.%d+: %-%-%- NVIM STARTED')) or total
    plugin = tonumber(line:match('^%d+%.%d+%s+%d+%.%d+%s+(%d+%.%d+): sourcing .*plugin/kra%.lua')) or plugin
  end
  local seen = vim.fn.readfile(dir .. '/seen')
  return assert(total, 'no start was logged'), plugin, tonumber(seen[1]), tonumber(seen[2])
end

driver.run(function()
  local ours, theirs, files, modules = {}, {}, {}, 0
  for round = 1, ROUNDS do
    for turn = 1, 2 do
      local kra = (round + turn + seed) % 2 == 0
      local total, plugin, declared, loaded = start(kra and with or without)
      assert((declared == 1) == kra, 'the plugin was not where it should be')
      if kra then
        table.insert(ours, total)
        assert(plugin, 'the plugin file is not in the log')
        table.insert(files, plugin)
        modules = math.max(modules, loaded)
      else
        table.insert(theirs, total)
      end
    end
  end
  local floor = median(theirs)
  local added = median(ours) - floor
  bar({ bar = 'Neovim: start, added by the plugin', figure = added, limit = 0.5, floor = floor, unit = 'ms', n = ROUNDS,
    pass = added <= 0.5, judged = full })
  local file = median(files)
  bar({ bar = 'Neovim: the plugin file', figure = file, limit = 0.5, unit = 'ms', n = ROUNDS, pass = file <= 0.5, judged = full })
  bar({ bar = 'Neovim: kra modules loaded at a start', figure = modules, limit = 0, unit = 'modules', n = ROUNDS, pass = modules == 0,
    judged = true })
end)
