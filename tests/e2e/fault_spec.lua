--- Trouble that comes from the system and not from the disk: no descriptors, no processes, a state directory that takes nothing, editors that
--- were stopped, a tmux server that dies in the middle. (tests/faults/README.md says which test stands for which row of the table of faults.)
local World = require('tests.helpers.world')
local uv = vim.uv

describe('trouble of the system', function()
  local world, channels

  local function start_world(env)
    world = World.new({ env = vim.tbl_extend('force', { KRA_IDLE_MS = '60000' }, env or {}) })
    world.env.KRA_BIN = world.repo .. '/build/kra'
    channels = {}
  end
  after_each(function()
    for _, channel in ipairs(channels) do pcall(vim.fn.chanclose, channel) end
    world:close()
  end)

  local function kra(...)
    local result = world:kra(...)
    assert.equal(0, result.code, result.stderr)
    return result.stdout
  end
  local function daemon() return vim.json.decode(kra('daemon', 'status', '--json')).daemon end
  local function connect()
    local channel = vim.fn.sockconnect('pipe', world.dir .. '/run/kra/kra.sock', { rpc = true })
    assert(channel > 0)
    table.insert(channels, channel)
    return channel
  end
  local function ask(channel, method, param) return vim.rpcrequest(channel, method, param or vim.empty_dict()) end
  -- As `ask`, but an error comes back as the map that it is.
  local function asker()
    local pipe, unpack_next, answers = assert(uv.new_pipe(false)), vim.mpack.Unpacker(), {}
    pipe:connect(world.dir .. '/run/kra/kra.sock', function()
      pipe:read_start(function(_, data)
        local at = 1
        while data and at <= #data do
          local message
          message, at = unpack_next(data, at)
          if message then table.insert(answers, message) end
        end
      end)
    end)
    return function(method, param)
      local count = #answers
      pipe:write(vim.mpack.encode({ 0, 7, method, { param or vim.empty_dict() } }))
      world:wait(function() return #answers > count end, 'an answer to ' .. method, 20000)
      local answer = answers[#answers]
      return answer[4] ~= vim.NIL and answer[4] or nil, answer[3]
    end, pipe
  end
  local function switches(pid)
    local text = assert(io.open('/proc/' .. pid .. '/status')):read('*a')
    return tonumber(text:match('\nvoluntary_ctxt_switches:%s*(%d+)')) + tonumber(text:match('\nnonvoluntary_ctxt_switches:%s*(%d+)'))
  end
  local function newest() return vim.json.decode(kra('show', 'work', '--json')).generation end

  it('no descriptors: who is connected is served, who comes waits and costs nothing, and nothing is lost', function()
    start_world()
    world:start_tmux()
    kra('save', 'work')
    local pid = daemon().pid
    local old, pipe = asker()
    old('metrics')
    -- The next descriptor would be the first one that is free.
    local open = 0
    while uv.fs_readlink(('/proc/%d/fd/%d'):format(pid, open)) do open = open + 1 end
    world:check({ 'prlimit', '--pid', tostring(pid), ('--nofile=%d:4096'):format(open) })
    local waiting, greeted = assert(uv.new_pipe(false)), false
    waiting:connect(world.dir .. '/run/kra/kra.sock', function()
      waiting:write(vim.mpack.encode({ 0, 1, 'metrics', { vim.empty_dict() } }))
      waiting:read_start(function(_, data) greeted = greeted or data ~= nil end)
    end)
    vim.wait(300)
    local before = switches(pid)
    vim.wait(1000)
    assert.is_true(switches(pid) - before < 200, 'it looks again now and then, and does not spin')
    assert.is_false(greeted)
    local saved, err = old('save', { server = world.socket })
    assert.is_nil(saved)
    assert.truthy(err.what:find('[Tt]oo many open files') or err.what:find('tmux'), err.what)
    world:check({ 'prlimit', '--pid', tostring(pid), '--nofile=1024:4096' })
    world:wait(function() return greeted end, 'the client that waited')
    waiting:close()
    assert.equal(1, newest())
    world:tmux('new-window', '-d')
    assert.equal(2, (old('save', { server = world.socket }) or {}).generation)
    pipe:close()
    assert.equal(pid, daemon().pid)
  end)

  it('no processes: a save says so, the one before stays, the next one works', function()
    start_world()
    world:start_tmux()
    kra('save', 'work')
    world:tmux('new-window', '-d')
    local pid = daemon().pid
    local job = vim.fn.jobstart({ 'strace', '-f', '-qq', '-p', tostring(pid), '-e', 'trace=clone,clone3,fork,vfork,getpid',
      '-e', 'inject=clone,clone3,fork,vfork:error=EAGAIN' })
    if job <= 0 then return pending('strace is needed') end
    world:wait(function()
      return assert(io.open('/proc/' .. pid .. '/status')):read('*a'):match('TracerPid:%s*(%d+)') ~= '0'
    end, 'strace')
    local failed = world:kra('save')
    vim.fn.jobstop(job)
    vim.fn.jobwait({ job }, 2000)
    assert.equal(1, failed.code, failed.stdout .. failed.stderr)
    assert.truthy(failed.stderr:find('tmux', 1, true), failed.stderr)
    assert.equal(1, newest())
    assert.equal(pid, daemon().pid)
    kra('save')
    assert.equal(2, newest())
  end)

  it('a state directory that nothing can be made in: all starts, says what is wrong, and text is kept at the second place', function()
    start_world({ KRA_STATE_DIR = '/proc/kra' })
    world:start_tmux()
    kra('daemon', 'start')
    local failed = world:kra('save', 'work')
    assert.equal(1, failed.code)
    assert.truthy(failed.stderr:find('/proc/kra', 1, true), failed.stderr)
    local channel = connect()
    local answer = ask(channel, 'draft', { client = 'c1', records = { { 1, 1, vim.mpack.encode({ 1, { id = 'c1', pid = 1, start = 1 } }) } } })
    assert.equal('second', answer.durability)
    local problems = vim.json.decode(kra('status', '--json')).problems
    assert.truthy(#problems > 0 and problems[1].cure ~= '', vim.inspect(problems))
    local doctor = world:kra('doctor', '--json')
    assert.equal(1, doctor.code)
    local found = {}
    for _, problem in ipairs(vim.json.decode(doctor.stdout).problems) do found[problem.code] = problem.text end
    -- Root has every right there, and nothing can be made all the same.
    for _, code in ipairs({ 'state-write', 'drafts-write' }) do assert.truthy((found[code] or ''):find('/proc/kra', 1, true), vim.inspect(found)) end
    kra('drafts', 'list')
    kra('metrics')
  end)

  it('an editor that is stopped is not waited for: the save has what it told before, and says that it was late', function()
    start_world()
    world:start_tmux()
    local inside = world:inside('main')
    local editor = world:nvim({ env = inside })
    editor:command('runtime plugin/kra.lua')
    editor:command('edit told.txt')
    editor:lua("require('kra.rpc').connect(function() end, true)")
    world:wait(function() return editor:lua("return require('kra.rpc').connected()") end, 'a connection')
    kra('save', 'work')
    uv.kill(editor.pid, 'sigstop')
    world:tmux('new-window', '-d')
    local saved = vim.json.decode(kra('save', '--json'))
    uv.kill(editor.pid, 'sigcont')
    assert.equal(1, saved.editors_late)
    local shown = vim.json.decode(kra('show', 'work', '--json'))
    assert.equal(2, shown.generation)
    assert.equal(world.home .. '/told.txt', shown.editors[1].buffers[1].path)
  end)

  it('a tmux server that dies at any call of a save leaves the one before, never an empty one', function()
    start_world()
    -- In front of the real one: it kills the server before the n-th client that is started.
    local real = uv.fs_readlink(world.dir .. '/bin/tmux')
    uv.fs_unlink(world.dir .. '/bin/tmux')
    world:write('bin/tmux', ([[
#!/bin/sh
n=$(($(cat %s/left) - 1)); echo $n >%s/left
[ $n -ne 0 ] || kill -9 $(cat %s/server)
exec %s "$@"
]]):format(world.dir, world.dir, world.dir, real))
    uv.fs_chmod(world.dir .. '/bin/tmux', tonumber('755', 8))
    world:write('left', '0\n')
    local died = 0
    for n = 1, 6 do
      world:tmux('new-session', '-d', '-s', 'main')
      world:tmux('new-window', '-d')
      world:write('left', '0\n')
      kra('save', 'work')
      local before = newest()
      world:tmux('kill-window', '-t', 'main:1')
      world:write('server', world:tmux('display-message', '-p', '#{pid}'))
      world:write('left', n .. '\n')
      local result = world:kra('save')
      local shown = vim.json.decode(kra('show', 'work', '--json'))
      if tonumber(world:read('left')) > 0 then break end
      died = died + 1
      assert.equal(1, result.code, result.stdout)
      assert.equal(before, shown.generation)
      assert.equal(2, #shown.sessions[1].windows)
    end
    assert.truthy(died >= 1)
  end)
end)
