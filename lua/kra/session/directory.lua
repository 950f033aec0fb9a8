-- Sessions outside tmux: one for each directory, and for each branch of it on request. An editor is attached to one that it restored, that
-- the user saved, or that it is the first to make; only an attached one is saved by itself.
local M = {}
local uv = vim.uv

local attached ---@type string?
local stored ---@type string? the last account, packed
local left_to ---@type string? the session that another editor keeps

local HEAD_BYTES = 4096

-- Only a plain file, and without waiting: what lies in a directory of somebody else's may be a pipe that nobody writes to.
local function read(path)
  local fd = uv.fs_open(path, uv.constants.O_RDONLY + uv.constants.O_NONBLOCK, 0)
  if not fd then return nil end
  local stat = uv.fs_fstat(fd)
  local text = stat and stat.type == 'file' and uv.fs_read(fd, HEAD_BYTES, 0) or nil
  uv.fs_close(fd)
  return text
end

--- The branch of the work tree that holds `directory`, read from its files; nil outside one or with a detached HEAD.
---@param directory string
---@return string?
function M.branch(directory)
  local git = vim.fs.find('.git', { path = directory, upward = true })[1]
  if not git then return nil end
  if (uv.fs_stat(git) or {}).type == 'file' then
    local elsewhere = (read(git) or ''):match('^gitdir: ([^\n]+)')
    if not elsewhere then return nil end
    git = elsewhere:sub(1, 1) == '/' and elsewhere or vim.fs.dirname(git) .. '/' .. elsewhere
  end
  return (read(git .. '/HEAD') or ''):match('^ref: refs/heads/([^\n]+)')
end

--- Window and tab directories do not change it.
---@param name? string a session that was named
---@return string
function M.key(name)
  if name and name ~= '' then return 'name:' .. name end
  local cwd = vim.fn.getcwd(-1, -1)
  local branch = require('kra.config').get().session.per_branch and M.branch(cwd)
  return 'dir:' .. cwd .. (branch and '@' .. branch or '')
end

--- Is this the kind of start and place in which sessions of directories save themselves?
---@return boolean
function M.active()
  if not require('kra.config').get().session.per_directory or require('kra.daemon').tmux() then return false end
  local rules = require('kra.session.rules')
  return rules.started_for_directory() and rules.allows(vim.fn.getcwd(-1, -1))
end

local function message(key, take)
  local account = require('kra.serve').account()
  local editor = require('kra.rpc').identity().editor
  return { editor = editor, cwd = account.cwd, key = key, state = account, take = take or nil }, vim.mpack.encode(account)
end

-- Two editors in one directory: the later one leaves the session alone, and says so once.
local function leave_alone(key)
  attached = nil
  if left_to == key then return end
  left_to = key
  require('kra.notify').say('another editor keeps the session of ' .. key:gsub('^%a+:', '') .. '; :KraSave takes it over', 'warn')
end

local function told(started, err)
  local data = { ok = err == nil, duration_ms = (uv.hrtime() - started) / 1e6, error = err and err.what }
  require('kra.statusline').saved(data)
  require('kra.notify').event('KraSavePost', data)
end

---@param key string
---@param done? fun(err: table?, result: table?)
---@param take? boolean although another editor that is open keeps it
function M.put(key, done, take)
  local started = uv.hrtime()
  local params, packed = message(key, take)
  require('kra.rpc').request('session_put', params, function(err, result)
    if not err then
      attached, stored, left_to = key, packed, nil
    elseif err.fault == 'busy' then
      leave_alone(key)
    end
    told(started, err)
    if done then done(err, result) end
  end, 10000)
end

-- An empty editor says nothing about what was there before, and half a restore neither.
local function worth_saving()
  return not require('kra.session.restore').pending() and not require('kra.session.capture').is_empty(require('kra.session').capture())
end

--- After the quiet time: saves when attached, or when there is no session for this place yet.
---@param failed fun() the daemon could not be reached, or it could not save
function M.autosave(failed)
  local function done(err)
    if err and err.fault ~= 'busy' then failed() end
  end
  if not M.active() or not worth_saving() then return end
  local key = M.key()
  if attached == key then return M.put(key, done) end
  require('kra.rpc').request('session_get', { key = key }, function(err, result)
    if err then return failed() end
    if M.key() ~= key then return end
    local found = type(result) == 'table' and result.state ~= nil and result.state ~= vim.NIL
    if not found then M.put(key, done) end
  end, 5000)
end

--- The last save of a process that ends: bounded, and only when something changed. `meanwhile` is done before the answer is waited for.
---@param ms integer
---@param meanwhile fun()
function M.leave(ms, meanwhile)
  local key = M.key()
  if attached ~= key or not M.active() or not worth_saving() then return meanwhile() end
  local params, packed = message(key)
  if packed == stored then return meanwhile() end
  local finished = false
  require('kra.rpc').request('session_put', params, function() finished = true end, ms)
  stored = packed
  meanwhile()
  vim.wait(ms, function() return finished end, 1)
end

--- Restores the session with this key into this editor.
---@param key string
---@param done fun(err: string?)
function M.restore(key, done)
  require('kra.rpc').request('session_get', { key = key }, function(err, result)
    if err then return done(err.what) end
    local state = type(result) == 'table' and result.state
    if type(state) ~= 'table' then return done('there is no session for ' .. key:gsub('^%a+:', '')) end
    local ok, why = require('kra.session').restore(state, { shada = key })
    if ok then attached = key end
    done(not ok and why or nil)
  end, 10000)
end

return M
