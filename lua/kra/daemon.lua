-- Where the daemon is, which program is kra, and how it is started when nobody listens.
local M = {}
local uv = vim.uv

local function environment(name)
  local value = vim.env[name]
  return value and value:sub(1, 1) == '/' and value or nil
end

--- As find_paths() of the helper: the same files from both sides.
---@return string
function M.state_dir()
  local xdg = environment('XDG_STATE_HOME')
  return environment('KRA_STATE_DIR') or (xdg and xdg .. '/kra') or ((vim.env.HOME or '') .. '/.local/state/kra')
end

-- A real directory, ours, that nobody else may enter.
local function is_private(path)
  local stat = uv.fs_lstat(path)
  return stat ~= nil and stat.type == 'directory' and stat.uid == uv.getuid() and stat.mode % 64 == 0
end

--- The directory of the socket (doc/protocol.md); nil when there is none that can be trusted. Nothing is made.
---@return string?
function M.runtime_dir()
  local own = environment('KRA_RUNTIME_DIR')
  if own then return is_private(own) and own or nil end
  local candidates = {}
  local xdg = environment('XDG_RUNTIME_DIR')
  if xdg and is_private(xdg) then table.insert(candidates, xdg .. '/kra') end
  table.insert(candidates, ('/tmp/kra-%d'):format(uv.getuid()))
  table.insert(candidates, M.state_dir() .. '/run')
  for _, candidate in ipairs(candidates) do
    if is_private(candidate) then return candidate end
  end
end

---@return string?
function M.socket()
  local directory = M.runtime_dir()
  return directory and directory .. '/kra.sock'
end

--- The tree that this plugin lies in.
---@return string
function M.root() return vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h:h') end

local tried = {} ---@type string[]

-- Where it may lie: built here, or brought by luarocks into the rock or into its tree.
local function places()
  local root = M.root()
  local out = { root .. '/build/kra', root .. '/bin/kra' }
  local tree = root:match('^(/.*)/share/lua$')
  if tree then table.insert(out, tree .. '/bin/kra') end
  return out
end

--- The program: $KRA_BIN and no other when that is set, else the one that came with this plugin, else the one on PATH.
---@return string?
function M.binary()
  local given = environment('KRA_BIN')
  tried = given and { given } or places()
  for _, path in ipairs(tried) do
    if vim.fn.executable(path) == 1 then return path end
  end
  if given then return nil end
  table.insert(tried, 'kra on PATH')
  local found = vim.fn.exepath('kra')
  return found ~= '' and found or nil
end

--- The places where binary() looked last.
---@return string[]
function M.tried() return vim.deepcopy(tried) end

--- The tmux server that this editor runs in: its socket and pane.
---@return string? socket
---@return string? pane
function M.tmux()
  local tmux = vim.env.TMUX or ''
  -- PATH,PID,SESSION: the path itself may hold a comma.
  local socket = tmux:match('^(.+),[^,]*,[^,]*$') or tmux:match('^([^,]+)')
  return socket, vim.env.TMUX_PANE
end

--- Runs `kra ARGS` beside the editor; nothing of its output is read. `done` gets its exit code, or nil when it could not run.
---@param arguments string[]
---@param done fun(code: integer?)
function M.run(arguments, done)
  local binary = M.binary()
  if not binary then return done(nil) end
  local handle
  handle = uv.spawn(binary, { args = arguments, detached = true, stdio = { nil, nil, nil }, hide = true }, function(code)
    handle:close()
    vim.schedule(function() done(code) end)
  end)
  if not handle then done(nil) end
end

---@param done fun(code: integer?)
function M.start(done) M.run({ 'daemon', 'start' }, done) end

return M
