-- :checkhealth kra. Every line that is not well says its cure.
local M = {}
local health = vim.health
local uv = vim.uv

local function versions()
  health.start('kra: programs')
  if vim.fn.has('nvim-0.10') == 1 then health.ok('Neovim ' .. tostring(vim.version()))
  else health.error('Neovim ' .. tostring(vim.version()) .. ' is too old', { 'install 0.10 or newer, or run `make nvim` for one of its own' }) end
  local daemon = require('kra.daemon')
  local binary = daemon.binary()
  if not binary then
    health.error('no kra program; looked at ' .. table.concat(daemon.tried(), ', '), { 'run `make` in ' .. daemon.root() })
    return
  end
  local ok, result = pcall(function() return vim.system({ binary, 'version' }, { text = true, timeout = 3000 }):wait() end)
  local text = ok and result.code == 0 and vim.trim(result.stdout):match('[^\n]*')
  if not text then health.error(binary .. ' does not run', { 'run `make` in ' .. daemon.root() })
  elseif not text:find(require('kra').version, 1, true) then
    health.warn(('%s is %s, this plugin is %s'):format(binary, text, require('kra').version), { 'run `make` in ' .. daemon.root() })
  else health.ok(('%s: %s'):format(binary, text)) end
end

local function library()
  local native, why = require('kra.native').get()
  if native then health.ok(('%s, ABI %d, version %s'):format(native.path, native.abi, native.version))
  else health.warn('libkra.so is not used: ' .. (why or ''), { 'run `make` in ' .. require('kra.daemon').root() }) end
end

local function connection()
  health.start('kra: daemon')
  local daemon, rpc = require('kra.daemon'), require('kra.rpc')
  local directory = daemon.runtime_dir()
  if not directory then
    health.warn('there is no directory for the socket yet', { 'run `kra daemon start`; a directory that is open to others is passed over' })
    return
  end
  local socket = uv.fs_lstat(directory .. '/kra.sock')
  if not socket then health.info('no daemon listens in ' .. directory .. '; it starts when it is needed')
  elseif socket.uid ~= uv.getuid() or socket.mode % 64 ~= 0 then
    health.error(directory .. '/kra.sock may be used by others', { 'run `kra daemon restart`' })
  else health.ok('socket ' .. directory .. '/kra.sock is ours alone') end
  if rpc.connected() then
    local peer = rpc.peer()
    health.ok(('connected: pid %s, version %s, protocol %s'):format(peer.pid or '?', peer.version or '?', peer.proto or '?'))
    if peer.version ~= nil and peer.version ~= require('kra').version then
      health.warn(('the daemon is version %s, this plugin %s'):format(peer.version, require('kra').version), { 'run `kra daemon restart`' })
    end
  else
    health.info('not connected')
  end
end

-- Hooks of kra's in the tmux server that this editor runs in.
local function tmux()
  local socket = require('kra.daemon').tmux()
  health.start('kra: tmux')
  if not socket then return health.info('not inside tmux: sessions of directories are kept') end
  local ok, result = pcall(function()
    return vim.system({ 'tmux', '-S', socket, 'show-hooks', '-g' }, { text = true, timeout = 3000 }):wait()
  end)
  if not ok or result.code ~= 0 then return health.warn('tmux does not answer on ' .. socket, { 'run `kra doctor`' }) end
  local count = 0
  for line in result.stdout:gmatch('[^\n]+') do
    if line:find('kra', 1, true) then count = count + 1 end
  end
  if count > 0 then health.ok(('%d hooks of kra are set'):format(count))
  else health.warn('no hooks of kra are set in this server', { "set -g @plugin '.../kra', or run kra.tmux", 'run `kra doctor`' }) end
end

local function settings()
  health.start('kra: this editor')
  local faults = require('kra.config').faults()
  for _, fault in ipairs(faults) do health.warn('settings: ' .. fault, { ':Kra config shows all options' }) end
  if #faults == 0 then health.ok('settings are known and right') end
  local status = require('kra').status()
  if status.blocked then health.info('left alone: ' .. status.blocked) else health.ok('watched as editor ' .. status.editor) end
  local safety, well = require('kra.status').safety(status.drafts)
  if well then health.ok(safety) else health.warn(safety, { ':Kra status' }) end
  for _, row in ipairs(status.drafts.excluded) do health.info(('%d modified buffers whose text is not kept: %s'):format(row.count, row.reason)) end
  for _, row in ipairs(status.excluded) do health.info(('%d buffers left out: %s'):format(row.count, row.reason)) end
  for _, problem in ipairs(status.problems) do health.warn(problem.text, problem.cure and { problem.cure } or nil) end
end

local function own_drafts()
  local draft = require('kra.draft')
  if not draft.active() then
    return health.info('unsaved text of this editor is not kept: drafts.active is off, or it has no user interface, or KRA_DISABLE is set')
  end
  local where = draft.status().durability
  local path = require('kra.draft.journal').path()
  local cure = { 'make room in ' .. vim.fs.dirname(path) .. ', or give yourself the right to write there' }
  if where == 'memory' then health.error('unsaved text is only in memory: ' .. path .. ' takes nothing', cure)
  elseif where == 'second' then health.warn('unsaved text goes to the second place, which a restart empties', cure)
  else health.ok('unsaved text of this editor is in ' .. path) end
  local there = require('kra.draft.net').there()
  if there then health.ok('each edit is kept as it is made')
  elseif there == false then
    health.info('an edit is kept with the next flush, not as it is made: libkra.so is not used, or neither place is on ext4, xfs or tmpfs')
  end
end

-- The journals of all editors, with the eyes of the command line.
local function drafts()
  health.start('kra: unsaved text')
  own_drafts()
  local daemon = require('kra.daemon')
  local ok, result = pcall(function() return vim.system({ daemon.binary(), 'doctor', '--json' }, { text = true, timeout = 10000 }):wait() end)
  local read, found = pcall(vim.json.decode, ok and result.stdout or '')
  if not read or type(found.checks) ~= 'table' then return health.warn('`kra doctor` does not answer', { 'run `make` in ' .. daemon.root() }) end
  local problems = {}
  for _, problem in ipairs(found.problems) do problems[problem.code] = problem end
  for _, row in ipairs(found.checks) do
    local problem = problems[row.code]
    if row.code:find('^drafts%-') or row.code == 'library' then
      if not problem then health.ok(row.what)
      elseif problem.level == 'advice' then health.warn(problem.text, { problem.cure })
      else health.error(problem.text, { problem.cure }) end
    end
  end
end

-- What the daemon cannot watch as it should.
local function watching(status)
  for _, problem in ipairs(status and status.problems or {}) do
    if vim.startswith(problem.code, 'watch-') then health.warn(problem.text, { problem.cure }) end
  end
  local there = status and type(status.watching) == 'table' and status.watching or {}
  for _, root in ipairs(type(there.polled) == 'table' and there.polled or {}) do
    health.info(root .. ' is on a file system that tells of no changes: loaded files are looked at every 2 s')
  end
  if type(there.directories) == 'number' and there.directories > 0 then
    health.ok(('%d of at most %d directories are watched (%s), %d overflows, after each of which all was looked at again'):format(there.directories,
      there.budget or 0, there.backend or '?', there.overflows or 0))
  end
end

-- Files whose buffers are not what is on disk, with what to do.
local function live(daemon)
  health.start('kra: changes on disk')
  local status = require('kra.live').status()
  if not status.active then
    return health.info('off: live.active, :Kra live or :Kra pause turned it off, or this editor is left alone')
  end
  health.ok(('%d files are followed%s'):format(status.files, require('kra.rpc').connected() and '' or ', by looking: no daemon is connected'))
  for _, image in pairs(require('kra.live.image').all()) do
    local name = vim.fn.fnamemodify(image.name, ':~:.')
    if image.gone then health.warn(name .. ' is gone from the disk', { ':w writes it again' }) end
    if image.behind then health.warn(('%s was changed outside (%s)'):format(name, image.behind), { ':Kra theirs loads it, :w! keeps yours' }) end
    local open = require('kra.live.conflict').count(image.buf)
    if open > 0 then health.warn(('%s has %d conflicts'):format(name, open), { ':Kra mine, theirs, both or diff' }) end
    if image.foreign then health.info(name .. ' is written by another plugin: it is loaded again as a whole') end
    if image.odd then health.info(('%s is loaded again as a whole: %s'):format(name, image.odd)) end
  end
  watching(daemon)
end

-- The command line's status; nil when it gives none.
local function status_of_daemon()
  local binary = require('kra.daemon').binary()
  local ok, result = pcall(function() return vim.system({ binary, 'status', '--json' }, { text = true, timeout = 3000 }):wait() end)
  local read, status = pcall(vim.json.decode, ok and result.code == 0 and result.stdout or '')
  return read and type(status) == 'table' and status or nil
end

-- Work trees that are synced, from the command line's status.
local function sync(status)
  health.start('kra: git sync')
  if not status or type(status.sync) ~= 'table' then return health.warn('`kra status` does not answer', { 'run `kra doctor`' }) end
  if #status.sync == 0 then return health.info('no work tree is synced; `kra sync enable` agrees to it') end
  for _, row in ipairs(status.sync) do
    local text = ('%s (%s): %s, %s'):format(row.root, row.mode, row.state, row.why)
    local well = row.state == 'synced' or row.state == 'nothing' or row.state == 'never'
    if well then health.ok(text) else health.warn(text, { '`kra sync status` in that directory, :Kra sync conflicts' }) end
  end
  for _, problem in ipairs(status.problems or {}) do
    if vim.startswith(problem.code, 'sync-') and problem.code ~= 'sync-state' then health.warn(problem.text, { problem.cure }) end
  end
end

function M.check()
  versions()
  library()
  connection()
  tmux()
  settings()
  drafts()
  local status = status_of_daemon()
  live(status)
  sync(status)
end

return M
