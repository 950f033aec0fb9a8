--- The daemon from outside: started once, fed with events, killed, bombed, and asked by others meanwhile.
local World = require('tests.helpers.world')
local uv = vim.uv

describe('kra daemon', function()
  local world, channels

  local function start_world(env)
    world = World.new({
      env = vim.tbl_extend('force', { KRA_AUTOSAVE_TIMEOUT_MS = '150', KRA_AUTOSAVE_MAX_WAIT_MS = '1000', KRA_IDLE_MS = '60000' }, env or {}),
    })
    channels = {}
  end

  after_each(function()
    for _, channel in ipairs(channels) do pcall(vim.fn.chanclose, channel) end
    local left = world:close()
    assert.same({}, left)
  end)

  local function socket() return world.dir .. '/run/kra/kra.sock' end

  local function kra(...)
    local result = world:kra(...)
    assert.equal(0, result.code, result.stderr)
    return result.stdout
  end

  local function status() return vim.json.decode(kra('daemon', 'status', '--json')) end
  local function events() return vim.json.decode(kra('daemon', 'events', '--json')) end

  local function connect()
    local channel = vim.fn.sockconnect('pipe', socket(), { rpc = true })
    assert(channel > 0)
    table.insert(channels, channel)
    return channel
  end
  local function ask(channel, method, param) return vim.rpcrequest(channel, method, param or vim.empty_dict()) end

  --- Bytes to the socket, nothing read until asked: calls `done` when the daemon has hung up.
  local function raw(bytes)
    local pipe, state = assert(uv.new_pipe(false)), { closed = false }
    pipe:connect(socket(), function(failure)
      if failure then state.closed = true return end
      pipe:write(bytes, function(write_failure) state.closed = state.closed or write_failure ~= nil end)
      if not state.deaf then
        pipe:read_start(function(read_failure, data) state.closed = state.closed or read_failure ~= nil or data == nil end)
      end
    end)
    state.pipe = pipe
    return state
  end

  local function event_in(server, source)
    local result = world:run({ world.repo .. '/build/kra', 'event', source or 'tmux', 'some argument' }, { env = { TMUX = server .. ',1,0' } })
    assert.equal(0, result.code)
    assert.equal('', result.stdout .. result.stderr)
  end

  local function saves() return status().metrics.saves.count end

  it('starts with the first event, which is not lost', function()
    start_world({ KRA_AUTOSAVE_TIMEOUT_MS = '60000', KRA_AUTOSAVE_MAX_WAIT_MS = '60000' })
    assert.is_false(status().daemon.running)
    event_in('/nowhere/tmux')
    world:wait(function() return status().daemon.running and events().accepted == 1 end, 'the daemon with its first event')
    event_in('/nowhere/tmux')
    world:wait(function() return events().pending == 2 end, 'the second event')
  end)

  it('saves a server after its events, and forgets one that is not there', function()
    start_world()
    world:start_tmux()
    event_in(world.socket)
    event_in('/nowhere/tmux')
    world:wait(function() return saves() >= 1 and events().pending == 0 end, 'a save', nil, function() return status() end)
    assert.matches('default', kra('list', '-S', world.socket))
  end)

  it('tells the status line of those who show it', function()
    start_world()
    world:start_tmux()
    event_in(world.socket)
    world:wait(function() return saves() == 1 end, 'a save', nil, status)
    assert.equal('', world:tmux('show-options', '-gqv', '@kra_status'))
    world:tmux('set-option', '-g', 'status-right', '#{@kra_status}')
    event_in(world.socket)
    world:wait(function() return world:tmux('show-options', '-gqv', '@kra_status'):match('^saved %d%d:%d%d$') end, 'the text', nil, status)
  end)

  it('saves in the next life what was acknowledged before SIGKILL', function()
    start_world({ KRA_AUTOSAVE_TIMEOUT_MS = '1500' })
    world:start_tmux()
    kra('daemon', 'start')
    local channel = connect()
    for seq = 1, 20 do ask(channel, 'event', { source = 'tmux', server = world.socket, client = 'test', seq = seq }) end
    assert.equal(20, events().pending)
    local pid = status().daemon.pid
    uv.kill(pid, 'sigkill')
    world:wait(function() return not status().daemon.running end, 'its death')
    kra('daemon', 'start')
    local after = events()
    assert.equal(20, after.accepted)
    assert.equal(20, after.pending)
    ask(connect(), 'event', { source = 'tmux', server = world.socket, client = 'test', seq = 20 })
    assert.equal(20, events().accepted)
    world:wait(function() return saves() == 1 and events().pending == 0 end, 'the save that was due', nil, status)
  end)

  it('waits with an autosave while a restore holds its lease', function()
    start_world()
    world:start_tmux()
    kra('daemon', 'start')
    local holder = connect()
    ask(holder, 'lease', { name = 'LoadInProgress', server = world.socket, ttl_ms = 60000 })
    event_in(world.socket)
    world:wait(function() return (status().servers[1] or {}).held end, 'an autosave that is held', nil, status)
    assert.equal(0, saves())
    assert.equal('LoadInProgress', status().leases[1].name)
    vim.fn.chanclose(holder)
    world:wait(function() return saves() == 1 end, 'the save after the lease', nil, status)
    assert.same({}, status().leases)
  end)

  it('stops on SIGTERM with everything saved and its socket gone', function()
    start_world({ KRA_AUTOSAVE_TIMEOUT_MS = '60000', KRA_AUTOSAVE_MAX_WAIT_MS = '60000' })
    world:start_tmux()
    event_in(world.socket)
    world:wait(function() return events().pending == 1 end, 'the event')
    uv.kill(status().daemon.pid, 'sigterm')
    world:wait(function() return not uv.fs_stat(socket()) end, 'the end of the socket')
    world:wait(function() return kra('list', '-S', world.socket):match('default') end, 'the save')
    kra('daemon', 'start')
    assert.equal(0, events().pending)
  end)

  it('ends by itself when nobody is there', function()
    start_world({ KRA_IDLE_MS = '100' })
    kra('daemon', 'start')
    local channel = connect()
    vim.wait(300)
    assert.is_not_nil(uv.fs_stat(socket()))
    vim.fn.chanclose(channel)
    world:wait(function() return not uv.fs_stat(socket()) end, 'the end of the socket')
  end)

  it('hands over to a newer release, not to an older one', function()
    start_world({ KRA_AUTOSAVE_TIMEOUT_MS = '60000', KRA_AUTOSAVE_MAX_WAIT_MS = '60000' })
    kra('daemon', 'start')
    local channel, first = connect(), status().daemon.pid
    local refused = pcall(ask, channel, 'handover', { version = '0.0.1' })
    assert.is_false(refused)
    ask(channel, 'event', { source = 'tmux', server = '/nowhere/tmux', client = 'test', seq = 1 })
    -- Its answer and its end come together, and Neovim may see the end first.
    pcall(ask, channel, 'handover', { version = '999.0' })
    world:wait(function() return not status().daemon.running end, 'the end of the older one')
    kra('daemon', 'start')
    assert.not_equal(first, status().daemon.pid)
    assert.equal(1, events().accepted)
  end)

  it('keeps sessions of editors outside tmux', function()
    start_world()
    kra('daemon', 'start')
    local channel = connect()
    local param = { editor = 'e1', cwd = '/some/where', state = { cwd = '/some/where', tabs = 1, buffers = {}, state = { answer = 42 } } }
    assert.is_true(ask(channel, 'session_put', param).changed)
    assert.is_false(ask(channel, 'session_put', param).changed)
    assert.same({ answer = 42 }, ask(channel, 'session_get', { key = '/some/where' }).state)
    assert.equal(vim.NIL, ask(channel, 'session_get', { key = '/else/where' }).state)
    local failed = pcall(ask, channel, 'session_get', { editor = 'e1', generation = '../../etc/1' })
    assert.is_false(failed)
    local listed = ask(channel, 'session_list').sessions
    assert.equal('/some/where', listed[1].key)
  end)

  it('hangs up on bombs and floods, and stays small', function()
    start_world()
    kra('daemon', 'start')
    local before = status().daemon.rss
    local bombs = {
      '\221\16\0\0\0', -- an array that claims 2^28 elements
      '\223\16\0\0\0', -- a map of that kind
      ('\221\1\0\0\0'):rep(30), -- thirty nested ones
      ('\145'):rep(100), -- a hundred deep
      '\148\0\1\219\255\255\255\255', -- a text of 4 GiB
      '\199\255', -- no message at all, cut
      '\193', -- a byte that means nothing
      'GET / HTTP/1.1\r\n\r\n',
      '\148\0\1\166status\145\128' .. '\42',
    }
    for _, bomb in ipairs(bombs) do
      local state = raw(bomb .. ('\0'):rep(1000))
      world:wait(function() return state.closed end, 'the end of ' .. vim.inspect(bomb))
      state.pipe:close()
    end
    -- Eight clients send what is never complete.
    local floods = {}
    for at = 1, 8 do floods[at] = raw('\148\0\1\166status\145\129\161x\198\0\127\0\0' .. ('x'):rep(1000000)) end
    world:wait(function() return #status().clients >= 1 end, 'an answer to others')
    local after = status().daemon.rss
    for _, state in ipairs(floods) do state.pipe:close() end
    assert.is_true(after - before < 64 * 1024 * 1024, ('%d bytes more'):format(after - before))
    world:wait(function() return #status().clients == 1 end, 'the floods gone')
    assert.is_true(status().daemon.rss - before < 8 * 1024 * 1024)
  end)

  it('drops a client that asks and does not read, while others are served', function()
    start_world()
    kra('daemon', 'start')
    local pipe, failed = assert(uv.new_pipe(false)), false
    pipe:connect(socket(), function()
      local many = ('\148\0\1\166status\145\128'):rep(20000)
      for _ = 1, 20 do pipe:write(many, function(failure) failed = failed or failure ~= nil end) end
    end)
    local slowest = 0
    local channel = connect()
    world:wait(function()
      local begin = uv.hrtime()
      ask(channel, 'metrics')
      slowest = math.max(slowest, (uv.hrtime() - begin) / 1e6)
      return failed
    end, 'the end of the slow reader', 30000)
    pipe:close()
    assert.is_true(slowest < 10000, ('somebody else waited %d ms'):format(slowest))
    assert.equal(2, #status().clients)
  end)

  it('refuses another user', function()
    start_world()
    local as_another = { 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', world.nvim_program, '-u', 'NONE', '-i', 'NONE', '-n' }
    local function run(...) return world:run(vim.list_extend(vim.deepcopy(as_another), { ... }), { cwd = '/', env = { HOME = '/' } }) end
    if uv.getuid() ~= 0 or vim.fn.executable('setpriv') == 0 or run('--version').code ~= 0 then
      return pending('needs root, setpriv and a Neovim that others may run')
    end
    kra('daemon', 'start')
    -- The directories must not be what keeps the other user out here.
    for _, path in ipairs({ world.dir, world.dir .. '/run', world.dir .. '/run/kra' }) do uv.fs_chmod(path, tonumber('755', 8)) end
    uv.fs_chmod(socket(), tonumber('666', 8))
    local script = world:write('ask.lua', ([[
      local channel = vim.fn.sockconnect('pipe', %q, { rpc = true })
      local ok, answer = pcall(vim.rpcrequest, channel, 'status', vim.empty_dict())
      io.stdout:write(ok and answer.daemon and 'answered' or 'refused')
    ]]):format(socket()))
    uv.fs_chmod(script, tonumber('644', 8))
    -- The same question is answered to ourselves: it is the user that makes the difference.
    assert.equal('answered', world:run({ world.nvim_program, '-u', 'NONE', '-i', 'NONE', '-n', '-l', script }).stdout)
    local result = run('-l', script)
    uv.fs_chmod(world.dir .. '/run/kra', tonumber('700', 8))
    assert.equal('refused', result.stdout, result.stderr)
  end)
end)

describe('kra tmux-watch', function()
  local world
  before_each(function()
    world = World.new({ env = { KRA_AUTOSAVE_TIMEOUT_MS = '150', KRA_AUTOSAVE_MAX_WAIT_MS = '1000', KRA_IDLE_MS = '60000' } })
    world:start_tmux()
    world:tmux('set-hook', '-g', 'window-renamed[187]', 'wait-for -S kra')
    world:tmux('run-shell', '-b', 'exec ' .. world.repo .. '/build/kra tmux-watch')
  end)
  after_each(function() assert.same({}, world:close()) end)

  local function status() return vim.json.decode(world:kra('daemon', 'status', '--json').stdout) end
  local function waiters()
    return vim.tbl_filter(function(process) return process.name:match('tmux%-watch') end, world:processes())
  end
  local function generation() return ((status().servers or {})[1] or {}).generation or 0 end

  it('turns a signal of tmux into a save', function()
    world:wait(function() return generation() == 1 end, 'the first save', nil, status)
    world:tmux('rename-window', 'another name')
    world:wait(function() return generation() == 2 end, 'a save of the new name', nil, status)
  end)

  it('is one for a server, also when started again', function()
    world:wait(function() return #waiters() == 1 and status().daemon.running end, 'the waiter')
    world:tmux('run-shell', world.repo .. '/build/kra tmux-watch')
    assert.equal(1, #waiters())
  end)

  it('starts a daemon that was killed, and outlives one that was stopped', function()
    world:wait(function() return generation() == 1 end, 'the first save', nil, status)
    local first = status().daemon.pid
    uv.kill(first, 'sigkill')
    world:wait(function()
      local daemon = status().daemon
      return daemon.running and daemon.pid ~= first
    end, 'another daemon', nil, status)
    assert.equal(0, world:kra('daemon', 'stop').code)
    assert.equal(1, #waiters())
    world:tmux('rename-window', 'another name')
    world:wait(function() return generation() >= 2 end, 'a save by a third daemon', nil, status)
  end)

  it('ends with its server and tells so', function()
    world:wait(function() return generation() == 1 end, 'the first save', nil, status)
    world:tmux('kill-server')
    world:wait(function() return #waiters() == 0 end, 'the end of the waiter')
    world:wait(function() return status().events.pending == 0 and #status().servers == 0 end, 'a clean end', nil, status)
  end)
end)
