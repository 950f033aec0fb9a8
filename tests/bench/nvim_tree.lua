-- nvim_tree [--sample|--full] [--seed N] [--only checkouts|echoes]: a whole work tree and several editors, through a real daemon.
--   git checks out a branch in which a file of every directory is another one: until every loaded buffer is right, counted from git's end; what
--   each editor was told; the follow window
--   the same while the daemon is stopped (in full the system's queue runs over): until the buffers are right after it goes on
--   how many inotify instances all of them have
--   own saves and foreign writes mixed, of equal size and time too: echoes, and foreign writes that did not come
-- One JSON line for each bar.
package.path = './?.lua;./lua/?.lua;./lua/?/init.lua;' .. package.path
local uv = vim.uv
local driver = require('tests.bench.support.driver')

local full, dir = driver.full, driver.directory()
local kra = driver.repo .. '/build/kra'
local OUTER, INNER, LOADED, EDITORS = full and 100 or 10, full and 99 or 9, 20, full and 8 or 3
local SAVES, EACH, LOST_MS = full and 10000 or 200, 10, 5000

local env = driver.environment({ KRA_STATE_DIR = dir .. '/kra', KRA_CONFIG_DIR = dir .. '/conf', KRA_RUNTIME_DIR = dir .. '/run',
  KRA_BIN = kra, GIT_CONFIG_NOSYSTEM = '1' })
vim.fn.mkdir(dir .. '/run', 'p', tonumber('700', 8))
local tree = dir .. '/tree'

local function bar(fields)
  if fields.pass == nil then fields.pass = fields.figure <= fields.limit end
  driver.bar(fields)
end

local function put(path, text)
  local file = assert(io.open(path, 'wb'))
  file:write(text)
  file:close()
end

local function git(...)
  local words = { 'git', '-C', tree, '-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'gc.auto=0', ... }
  local result = vim.system(words, { env = env, clear_env = true }):wait()
  assert(result.code == 0, result.stderr)
end

local function each_directory(work)
  for outer = 1, OUTER do
    for inner = 0, INNER do work(('%s/d%d%s'):format(tree, outer, inner > 0 and '/e' .. inner or '')) end
  end
end

local function make_tree()
  vim.fn.mkdir(tree, 'p')
  git('init', '-q', '-b', 'main')
  each_directory(function(path)
    vim.fn.mkdir(path, 'p')
    for file = 0, 2 do put(path .. '/f' .. file, 'one\ntwo\nthree\n') end
  end)
  git('add', '-A')
  git('commit', '-qm', 'one')
  git('checkout', '-q', '-b', 'other')
  each_directory(function(path) put(path .. '/f0', 'one\nOTHER\nthree\nfour\n') end)
  git('commit', '-qam', 'two')
  git('checkout', '-q', 'main')
end

local function start()
  local editor = driver.child(env)
  editor.lua([[
    vim.cmd('runtime plugin/kra.lua')
    vim.o.columns, vim.o.lines, vim.o.hidden = 160, 50, true
    vim.notify = function() end
    _G.told, _G.events = 0, {}
    require('kra.live').start()
    local link = require('kra.live.link')
    local files_changed = link.files_changed
    link.files_changed = function(...) _G.told = _G.told + 1 return files_changed(...) end
    vim.api.nvim_create_autocmd('User', { pattern = 'KraExternalChange', callback = function(e) table.insert(_G.events, e.data) end })
    require('kra.rpc').connect(function() end, true)
    vim.wait(10000, function() return require('kra.rpc').connected() end, 5)
    function _G.load(paths)
      for _, path in ipairs(paths) do vim.fn.bufload(vim.fn.bufadd(path)) end
      return vim.wait(20000, function()
        for _, path in ipairs(paths) do
          local image = require('kra.live.image').of_path(path)[1]
          if not image or not image.seq then return false end
        end
        return true
      end, 5)
    end
    -- Waits until every one of these has that line, and gives the time then.
    function _G.all_have(paths, line, ms)
      local function right()
        for _, path in ipairs(paths) do
          if vim.api.nvim_buf_get_lines(vim.fn.bufnr(path), 1, 2, false)[1] ~= line then return false end
        end
        return true
      end
      return vim.wait(ms, right, 1) and vim.uv.hrtime() or 0
    end
  ]])
  return editor
end

local function watched(editors)
  local patience = uv.hrtime() + 60e9
  repeat
    local result = vim.system({ kra, 'status', '--json' }, { env = env, clear_env = true }):wait()
    local ok, status = pcall(vim.json.decode, result.stdout)
    local live = ok and (status.live or status.watching or {}) or {}
    if (live.directories or 0) >= OUTER * (INNER + 1) then return end
    uv.sleep(50)
  until uv.hrtime() > patience
  error('the tree is not watched by ' .. #editors .. ' editors')
end

local function instances(pids)
  local count = 0
  for _, pid in ipairs(pids) do
    for name in vim.fs.dir(('/proc/%d/fd'):format(pid)) do
      if uv.fs_readlink(('/proc/%d/fd/%s'):format(pid, name)) == 'anon_inode:inotify' then count = count + 1 end
    end
  end
  return count
end

local function checkouts()
  make_tree()
  local paths, editors, pids = {}, {}, {}
  for i = 1, LOADED do
    local outer, inner = math.random(OUTER), math.random(INNER)
    paths[i] = ('%s/d%d/e%d/f0'):format(tree, outer, inner)
  end
  for i = 1, EDITORS do
    editors[i] = start()
    assert(editors[i].lua('return _G.load(...)', paths), 'the daemon does not watch the files')
    pids[i] = editors[i].lua('return vim.fn.getpid()')
  end
  local daemon = editors[1].lua("return require('kra.rpc').peer().pid")
  watched(editors)
  local own = instances(pids)
  bar({ bar = ('live: inotify instances of %d editors and their daemon'):format(EDITORS), figure = own + instances({ daemon }), limit = 1,
    unit = 'instances', n = EDITORS })
  editors[1].lua([[
    vim.cmd('edit ' .. ...)
    require('kra.follow').set('vsplit')
    _G.follow = require('kra.follow').window()
    _G.before = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(_G.follow))
  ]], paths[1])

  local function round(name, branch, line, limit, work)
    for _, editor in ipairs(editors) do editor.lua('_G.told = 0') end
    local since = work(branch)
    local last, wrong = 0, 0
    for _, editor in ipairs(editors) do
      local at = editor.lua('return _G.all_have(...)', paths, line, LOST_MS)
      if at == 0 then wrong = wrong + 1 else last = math.max(last, (at - since) / 1e6) end
    end
    bar({ bar = ('live: %s, every loaded buffer right'):format(name), figure = math.max(0, last), limit = limit, unit = 'ms', n = OUTER * (INNER + 1),
      judged = full })
    bar({ bar = ('live: %s, editors with a wrong buffer'):format(name), figure = wrong, limit = 0, unit = 'editors', n = EDITORS })
  end
  round('checkout', 'other', 'OTHER', 50, function(branch)
    git('checkout', '-q', branch)
    return uv.hrtime()
  end)
  uv.sleep(500)
  local told = 0
  for _, editor in ipairs(editors) do told = math.max(told, editor.lua('return _G.told')) end
  bar({ bar = 'live: checkout, messages to one editor', figure = told, limit = 1, unit = 'messages', n = EDITORS, judged = full })
  round('checkout while the daemon is stopped', 'main', 'two', 100, function(branch)
    uv.kill(daemon, 'sigstop')
    local ok, err = pcall(git, 'checkout', '-q', branch)
    uv.kill(daemon, 'sigcont')
    assert(ok, err)
    return uv.hrtime()
  end)
  local moved = editors[1].lua('return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(_G.follow)) ~= _G.before')
  bar({ bar = 'live: checkout, the follow window moved', figure = moved and 1 or 0, limit = 0, unit = 'times', n = 2 })
  for _, editor in ipairs(editors) do editor.stop() end
end

-- As the file was, to the nanosecond of its time, with other bytes.
local function rewrite(path, text)
  local before = assert(uv.fs_stat(path))
  assert(#text == before.size)
  put(path, text)
  uv.fs_utime(path, before.atime.sec, before.mtime.sec + before.mtime.nsec / 1e9)
end

local function echoes()
  local path = dir .. '/echo.txt'
  local function text_of(own, foreign) return ('own %06d\nforeign %06d\n'):format(own, foreign) end
  put(path, text_of(0, 0))
  local editor = start()
  assert(editor.lua('vim.cmd.edit(...) return _G.load({ ... })', path), 'the daemon does not watch the file')
  local missed, foreign = 0, 0
  for own = 1, SAVES, EACH do
    editor.lua([[
      local first, each = ...
      for own = first, first + each - 1 do
        vim.api.nvim_buf_set_lines(0, 0, 1, false, { ('own %06d'):format(own) })
        vim.cmd('silent write')
      end
    ]], own, EACH)
    foreign = foreign + 1
    rewrite(path, text_of(own + EACH - 1, foreign))
    local came = editor.lua('return _G.all_have(...)', { path }, ('foreign %06d'):format(foreign), LOST_MS)
    if came == 0 then missed = missed + 1 end
  end
  uv.sleep(300)
  local events = editor.lua('return #_G.events')
  local same = editor.lua('return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n") .. "\\n"') == text_of(SAVES, foreign)
  editor.stop()
  bar({ bar = 'live: own saves that came back as changes', figure = math.max(0, events - (foreign - missed)), limit = 0, unit = 'echoes', n = SAVES })
  bar({ bar = 'live: foreign writes between them that did not come', figure = missed + (same and 0 or 1), limit = 0, unit = 'writes', n = foreign })
end

driver.run(function()
  local ok, err = pcall(function()
    if driver.only ~= 'echoes' then checkouts() end
    if driver.only ~= 'checkouts' then echoes() end
  end)
  vim.system({ kra, 'daemon', 'stop' }, { env = env }):wait(5000)
  assert(ok, err)
end)
