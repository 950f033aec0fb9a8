--- A scratch world: a HOME, state, sockets and a tmux server of its own below one new directory, so that a test may start,
--- kill and corrupt what it likes. close() ends every process that was started in it and removes the directory.
---
---   local world = require('tests.helpers.world').new()
---   world:start_tmux()
---   local result = world:kra('save', 'work')      --> {code, stdout, stderr}
---   world:wait(function() return world:read('state/x') end, 'a saved file')
---   world:close()
---
--- KRA_TEST_TMUX and KRA_TEST_NVIM name the programs under test; they come first on the world's PATH.
local uv = vim.uv

---@class kra.test.Result
---@field code integer
---@field signal integer
---@field stdout string
---@field stderr string

---@class kra.test.World
---@field dir string its root, real path
---@field home string
---@field env table<string,string> the whole environment of what runs here
---@field socket string of the default tmux server
---@field repo string the tree under test
local World = {}
World.__index = World

local M = {}

local PATIENCE_MS = 10000
local repo = assert(uv.fs_realpath(vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h:h')))

-- Neovim 0.10 hands a cleared environment on as it stands, and libuv wants a list.
local function environment(env)
  if vim.fn.has('nvim-0.11') == 1 then return env end
  local list = {}
  for key, value in pairs(env) do table.insert(list, key .. '=' .. value) end
  return list
end

local function program(variable, name)
  local wanted = os.getenv(variable)
  local path = vim.fn.exepath(wanted and wanted ~= '' and wanted or name)
  return path ~= '' and assert(uv.fs_realpath(path)) or nil
end

-- jobstart() sets $NVIM in a cleared environment too, and kra takes its owner for a nested editor.
local function start(self, argv, opts)
  local job = vim.fn.jobstart(vim.list_extend({ 'env', '-u', 'NVIM' }, argv), vim.tbl_extend('error', { clear_env = true }, opts))
  assert(job > 0, argv[1] .. ' could not be started')
  table.insert(self.jobs_, job)
  return job
end

---@param opts? {conf?: string[], env?: table<string,string>} lines for ~/.tmux.conf, more environment
---@return kra.test.World
function M.new(opts)
  opts = opts or {}
  local dir = assert(uv.fs_realpath(assert(uv.fs_mkdtemp((os.getenv('TMPDIR') or '/tmp') .. '/kra-XXXXXX'))))
  local self = setmetatable({ dir = dir, home = dir .. '/home', repo = repo, jobs_ = {} }, World)
  for _, name in ipairs({ 'home', 'bin', 'tmp', 'config', 'state', 'data', 'cache', 'run', 'tmux' }) do
    vim.fn.mkdir(dir .. '/' .. name, 'p', tonumber('700', 8))
  end
  self.env = vim.tbl_extend('force', {
    HOME = self.home,
    USER = os.getenv('USER') or 'kra',
    LOGNAME = os.getenv('LOGNAME') or 'kra',
    SHELL = '/bin/bash',
    TERM = 'xterm-256color',
    LANG = 'C.UTF-8',
    TZ = 'UTC',
    TMPDIR = dir .. '/tmp',
    PATH = table.concat({ dir .. '/bin', repo .. '/build', os.getenv('PATH') }, ':'),
    XDG_CONFIG_HOME = dir .. '/config',
    XDG_STATE_HOME = dir .. '/state',
    XDG_DATA_HOME = dir .. '/data',
    XDG_CACHE_HOME = dir .. '/cache',
    XDG_RUNTIME_DIR = dir .. '/run',
    TMUX_TMPDIR = dir .. '/tmux',
    KRA_STATE_DIR = dir .. '/state/kra',
    KRA_CONFIG_DIR = dir .. '/config/kra',
    KRA_RUNTIME_DIR = dir .. '/run/kra',
    KRA_WORLD = dir, -- by this close() knows its own processes
    GIT_CONFIG_NOSYSTEM = '1',
    GIT_AUTHOR_NAME = 'A',
    GIT_AUTHOR_EMAIL = 'a@example.org',
    GIT_COMMITTER_NAME = 'A',
    GIT_COMMITTER_EMAIL = 'a@example.org',
    NVIM_LOG_FILE = dir .. '/nvim.log',
  }, opts.env or {})

  self.tmux_program = program('KRA_TEST_TMUX', 'tmux')
  self.nvim_program = program('KRA_TEST_NVIM', vim.v.progpath)
  for name, path in pairs({ tmux = self.tmux_program, nvim = self.nvim_program }) do
    assert(uv.fs_symlink(path, dir .. '/bin/' .. name))
  end

  -- The default socket, so that a `kra` without $TMUX finds this server, and the settings where a server that kra
  -- starts by itself finds them too.
  local sockets = ('%s/tmux/tmux-%d'):format(dir, uv.getuid())
  vim.fn.mkdir(sockets, 'p', tonumber('700', 8))
  self.socket = sockets .. '/default'
  self.conf = self.home .. '/.tmux.conf'
  self:write(self.conf, table.concat(vim.list_extend({
    "set -g default-shell '/bin/bash'",
    "set -g default-command 'exec bash --norc --noprofile'",
    'set -g status-interval 0',
    'set -g default-size 200x50',
    'set -s exit-empty off',
  }, opts.conf or {}), '\n') .. '\n')
  return self
end

local function absolute(self, path)
  return path:sub(1, 1) == '/' and path or self.dir .. '/' .. path
end

--- The directory of the file is made; relative paths stand below the world.
function World:write(path, text)
  path = absolute(self, path)
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  local file = assert(io.open(path, 'wb'))
  assert(file:write(text))
  assert(file:close())
  return path
end

---@return string? nil when there is no such file
function World:read(path)
  local file = io.open(absolute(self, path), 'rb')
  if not file then return nil end
  local text = file:read('*a')
  file:close()
  return text
end

--- Runs one program by its argument vector and waits for it. A timeout gives code 124.
---@param argv string[]
---@param opts? {cwd?: string, env?: table<string,string|false>, stdin?: string, timeout_ms?: integer}
---@return kra.test.Result
function World:run(argv, opts)
  opts = opts or {}
  local env = vim.deepcopy(self.env)
  for key, value in pairs(opts.env or {}) do env[key] = value or nil end
  -- libuv looks for the program on the caller's PATH, not on the one that it hands over.
  argv = vim.list_extend({}, argv)
  if not argv[1]:find('/') then
    for place in env.PATH:gmatch('[^:]+') do
      if uv.fs_access(place .. '/' .. argv[1], 'X') then argv[1] = place .. '/' .. argv[1] break end
    end
  end
  return vim.system(argv, {
    clear_env = true,
    env = environment(env),
    cwd = opts.cwd or self.home,
    stdin = opts.stdin,
    timeout = opts.timeout_ms or 30000,
  }):wait()
end

--- `run` that must succeed: gives stdout without its last newline.
function World:check(argv, opts)
  local result = self:run(argv, opts)
  if result.code ~= 0 then
    error(('%s: exit %d\n%s%s'):format(table.concat(argv, ' '), result.code, result.stdout or '', result.stderr or ''), 2)
  end
  return (result.stdout:gsub('\n$', ''))
end

---@return kra.test.Result
function World:kra(...) return self:run({ repo .. '/build/kra', ... }) end

--- A tmux command on the world's server; fails the test when tmux does.
---@return string stdout without its last newline
function World:tmux(...) return self:check({ self.tmux_program, '-S', self.socket, '-f', self.conf, ... }) end

--- Starts the server with one detached session `main` of one pane in HOME (or what the arguments of new-session say).
function World:start_tmux(...)
  local arguments = select('#', ...) > 0 and { ... } or { '-s', 'main' }
  self:tmux('new-session', '-d', unpack(arguments))
end

--- Kills the server as a crash would, and waits until it is gone.
function World:crash_tmux()
  local pid = assert(tonumber(self:tmux('display-message', '-p', '#{pid}')))
  uv.kill(pid, 'sigkill')
  self:wait(function() return uv.kill(pid, 0) ~= 0 end, 'the end of the tmux server')
end

--- What a program inside pane `target` finds in TMUX and TMUX_PANE; for `run{env = ...}`.
function World:inside(target)
  local text = self:tmux('display-message', '-p', '-t', target or '', '#{socket_path},#{pid},#{session_id} #{pane_id}')
  local tmux, pane = text:gsub(',%$', ','):match('^(.*) (%%%d+)$')
  return { TMUX = tmux, TMUX_PANE = pane }
end

--- A client on a terminal of its own. Gives the job, which close() stops.
function World:attach(target)
  local job = start(self, { self.tmux_program, '-S', self.socket, 'attach-session', '-t', target or '' },
    { pty = true, width = 200, height = 51, env = self.env })
  self:wait(function() return self:tmux('list-clients', '-F', '#{client_pid}') ~= '' end, 'an attached client')
  return job
end

---@class kra.test.Editor a child Neovim without a terminal, driven over its channel
local Editor = {}
Editor.__index = Editor

--- Starts a child Neovim with the plugin on its runtimepath. `args` replaces the default `-u NONE -i NONE -n`.
---@param opts? {args?: string[], cwd?: string, env?: table<string,string>}
---@return kra.test.Editor
function World:nvim(opts)
  opts = opts or {}
  local argv = { self.nvim_program, '--embed', '--headless', '--cmd', 'set rtp^=' .. vim.fn.fnameescape(repo) }
  vim.list_extend(argv, opts.args or { '-u', 'NONE', '-i', 'NONE', '-n' })
  local env = vim.tbl_extend('force', self.env, opts.env or {})
  local job = start(self, argv, { rpc = true, cwd = opts.cwd or self.home, env = env })
  return setmetatable({ job = job, pid = vim.fn.jobpid(job) }, Editor)
end

function Editor:request(method, ...) return vim.rpcrequest(self.job, method, ...) end
function Editor:lua(code, ...) return self:request('nvim_exec_lua', code, { ... }) end
function Editor:command(text) return self:request('nvim_command', text) end

function Editor:stop(signal)
  if signal then uv.kill(self.pid, signal) end
  vim.fn.jobstop(self.job)
  vim.fn.jobwait({ self.job }, 5000)
end

--- Waits until `predicate` gives something true, and returns it. When it does not, the failure says what was awaited,
--- and what was seen: the text that `seen` gives, else the last value or error of the predicate.
---@param predicate fun(): any
---@param what string what is awaited
---@param ms? integer
---@param seen? fun(): any
function World:wait(predicate, what, ms, seen) -- luacheck: ignore self
  local until_ns = uv.hrtime() + (ms or PATIENCE_MS) * 1000000
  local ok, value
  repeat
    ok, value = pcall(predicate)
    if ok and value then return value end
    vim.wait(10)
  until uv.hrtime() > until_ns
  local last = value
  if seen then last = seen() end
  if type(last) ~= 'string' then last = vim.inspect(last) end
  error(('waited %d ms for %s; seen: %s'):format(ms or PATIENCE_MS, what, last), 2)
end

--- The processes that were started in this world and still run (their environment names it).
---@return {pid: integer, name: string}[]
function World:processes()
  local found, mark = {}, 'KRA_WORLD=' .. self.dir .. '\0'
  for name in vim.fs.dir('/proc') do
    local file = name:match('^%d+$') and io.open('/proc/' .. name .. '/environ', 'rb')
    if file then
      local environ = file:read('*a') or ''
      file:close()
      if (environ .. '\0'):find(mark, 1, true) then
        local command = io.open('/proc/' .. name .. '/cmdline', 'rb')
        local text = command and command:read('*a') or ''
        if command then command:close() end
        table.insert(found, { pid = tonumber(name), name = (text:gsub('%z', ' ')) })
      end
    end
  end
  return found
end

--- Ends all that runs here and removes the directory. Gives the processes that did not end when asked.
---@return {pid: integer, name: string}[]
function World:close()
  for _, job in ipairs(self.jobs_) do vim.fn.jobstop(job) end
  if uv.fs_access(repo .. '/build/kra', 'X') then self:run({ repo .. '/build/kra', 'daemon', 'stop' }, { timeout_ms = 3000 }) end
  for _, process in ipairs(self:processes()) do uv.kill(process.pid, 'sigterm') end
  vim.wait(2000, function() return #self:processes() == 0 end, 20)
  local left = self:processes()
  for _, process in ipairs(left) do uv.kill(process.pid, 'sigkill') end
  vim.wait(2000, function() return #self:processes() == 0 end, 20)
  vim.fn.delete(self.dir, 'rf')
  return left
end

return M
