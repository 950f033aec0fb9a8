local worlds = require('tests.helpers.world')
local peers = require('tests.lua.helpers.peer')

local REQUEST = [[
  local method, params, ms = ...
  local finished, err, result
  require('kra.rpc').request(method, params, function(e, r) finished, err, result = true, e, r end, ms)
  vim.wait(4000, function() return finished end, 1)
  return { finished = finished, err = err, result = result }
]]

describe('the connection to the daemon', function()
  local world, peer, editor

  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra', TMUX = '/tmp/some-socket,123,0', TMUX_PANE = '%7' } })
    peer = peers.new(world)
    editor = world:nvim()
  end)
  after_each(function()
    editor:stop()
    peer:close()
    world:close()
  end)

  it('says hello with who and where it is', function()
    assert.same({ changed = true }, editor:lua(REQUEST, 'session_put', { key = 'k' }, 2000).result)
    local hello = peer:told('hello')[1]
    assert.equals('nvim', hello.client)
    assert.same({ '%7', '/tmp/some-socket', editor.pid, world.home }, { hello.pane, hello.tmux, hello.pid, hello.cwd })
    assert.truthy(hello.id:find('^%x+$') and #hello.id == 32)
    assert.truthy(hello.editor:find('^%x+$'))
    assert.equals(1, #peer:told('hello'))
    assert.is_true(editor:lua("return require('kra.rpc').connected()"))
  end)

  it('gives the daemon\'s error as it is', function()
    peer.answers.save = function() error({ fault = 'busy', what = 'a restore is under way' }) end
    assert.same({ fault = 'busy', what = 'a restore is under way' }, editor:lua(REQUEST, 'save', {}, 2000).err)
  end)

  it('does not wait longer than it said for a daemon that hangs', function()
    peer.answers.save = function() return peers.SILENT end
    local answer = editor:lua(REQUEST, 'save', {}, 50)
    assert.equals('timed_out', answer.err.fault)
    local took = editor:lua([[
      local start = vim.uv.hrtime()
      local result, err = require('kra.rpc').call('save', {}, 60)
      return { (vim.uv.hrtime() - start) / 1e6, err.fault }
    ]])
    assert.equals('timed_out', took[2])
    assert.is_true(took[1] < 1000)
  end)

  it('answers a capture with an account of the editor', function()
    world:write('home/a.txt', 'a\n')
    editor:command('edit a.txt')
    editor:command('call setline(1, "changed")')
    editor:lua(REQUEST, 'status', {}, 2000)
    local account = peer:call('capture', {})
    assert.same({ { path = world.home .. '/a.txt', modified = true } }, account.buffers)
    assert.equals(1, account.tabs)
    assert.equals(world.home, account.cwd)
    assert.equals(1, account.state.version)
  end)

  it('answers a capture while a command is being typed', function()
    editor:lua(REQUEST, 'status', {}, 2000)
    peer:call('capture', {})
    editor:request('nvim_input', '"') -- Neovim waits for the name of a register
    world:wait(function() return editor:request('nvim_get_mode').blocking end, 'a blocked editor')
    assert.equals(world.home, peer:call('capture', {}).cwd)
    editor:request('nvim_input', '<Esc>')
  end)

  it('takes a large answer in pieces', function()
    peer.answers.status = function() return { text = ('x'):rep(3000000) } end
    assert.equals(3000000, #editor:lua(REQUEST, 'status', {}, 4000).result.text)
  end)

  it('runs nothing but what the protocol names', function()
    editor:lua(REQUEST, 'status', {}, 2000)
    peer:write({ 2, 'nvim_exec_lua', { "vim.g.owned = 1", {} } })
    peer:write({ 2, 'nvim_command', { 'let g:owned = 1' } })
    peer:write({ 2, 'nvim_exec_lua', { "return require('kra.rpc').serve(...)", { 'vim.g.owned = 1', {} } } })
    assert.has_error(function() peer:call('nonsense', {}) end)
    peer:call('capture', {})
    assert.equals(vim.NIL, editor:lua('return vim.g.owned or vim.NIL'))
  end)

  it('survives bytes that are no message', function()
    editor:lua(REQUEST, 'status', {}, 2000)
    peer.client:write('\193\193\193')
    world:wait(function() return not editor:lua("return require('kra.rpc').connected()") end, 'the end of the connection')
    assert.is_nil(editor:lua(REQUEST, 'status', {}, 2000).err)
  end)

  it('says that requests failed when the daemon dies, and connects again to the next', function()
    peer.answers.save = function() return peers.SILENT end
    editor:lua("require('kra').setup({ retry = { first_ms = 20 } })")
    editor:lua([[require('kra.rpc').request('save', {}, function(err) _G.seen = err.fault end)]])
    world:wait(function() return #peer:told('save') == 1 end, 'the request')
    peer:die()
    world:wait(function() return editor:lua('return _G.seen') == 'unavailable' end, 'the failure')
    os.remove(peer.path)
    peer:listen()
    world:wait(function() return #peer:told('hello') == 2 end, 'a second hello')
    assert.equals(peer:told('hello')[1].editor, peer:told('hello')[2].editor)
  end)

  it('says when there is no program to start', function()
    peer:close()
    local answer = editor:lua(REQUEST, 'status', {}, 2000)
    assert.equals('unavailable', answer.err.fault)
  end)

  -- An editor whose `kra` notes how it was called, and starts nothing.
  local function with_program(exit)
    editor:stop()
    local program = world:write('bin/fake-kra', ('#!/bin/sh\necho "$@" >> %s/started\nexit %d\n'):format(world.dir, exit or 0))
    vim.uv.fs_chmod(program, tonumber('755', 8))
    editor = world:nvim({ env = { KRA_BIN = program } })
    editor:lua("require('kra').setup({ retry = { first_ms = 20 } })")
  end
  local function show_a_file()
    world:write('home/a.txt', 'a\n')
    editor:request('nvim_ui_attach', 80, 24, {})
    editor:lua("require('kra.events').start()")
    editor:command('edit a.txt')
  end
  local function starts() return select(2, world:read('started'):gsub('daemon start\n', '')) end

  it('starts the daemon when nobody listens, and again when that one has gone before we come', function()
    peer:close()
    with_program()
    assert.equals('unavailable', editor:lua(REQUEST, 'status', {}, 2000).err.fault)
    assert.equals(3, starts())
  end)

  it('asks the next daemon when one ends before it answers', function()
    with_program()
    local hellos = 0
    local hello = peer.answers.hello
    peer.answers.hello = function()
      hellos = hellos + 1
      if hellos == 2 then return hello() end
      peer.client:close()
      return peers.SILENT
    end
    assert.is_nil(editor:lua(REQUEST, 'status', {}, 2000).err)
    assert.same({ 2, 1 }, { hellos, starts() })
  end)

  it('tells what is on the screen when a daemon can be reached at last, without another event', function()
    peer:die()
    os.remove(peer.path)
    with_program()
    show_a_file()
    world:wait(function() return vim.uv.fs_stat(world.dir .. '/started') and starts() >= 3 end, 'a first connection that failed')
    assert.same({}, peer:told('event'))
    peer:listen()
    world:wait(function() return #peer:told('event') == 1 end, 'the event')
  end)

  it('tells it anew when the daemon died, and not when it ended in order', function()
    with_program()
    show_a_file()
    world:wait(function() return #peer:told('event') == 1 end, 'an event')
    for _, bye in ipairs({ false, true }) do
      local told, hellos = #peer:told('event'), #peer:told('hello')
      if bye then peer:write({ 2, 'bye', { { reason = 'handover', pending = 0 } } }) end
      peer:die()
      os.remove(peer.path)
      peer:listen()
      world:wait(function() return #peer:told('hello') > hellos end, 'the next hello')
      if not bye then world:wait(function() return #peer:told('event') > told end, 'the event told anew') end
    end
    editor:lua('vim.wait(100)')
    assert.equals(2, #peer:told('event'))
  end)

  it('starts one that keeps failing less and less often, and at once when it is asked by hand', function()
    peer:close()
    with_program(69)
    editor:lua("require('kra').setup({ retry = { first_ms = 1000 } })")
    assert.truthy(editor:lua(REQUEST, 'status', {}, 2000).err.what:find('exit 69', 1, true))
    for _ = 1, 5 do assert.truthy(editor:lua(REQUEST, 'status', {}, 2000).err.what:find('tried again in', 1, true)) end
    assert.equals(1, starts())
    editor:lua("require('kra').save({ name = 'x' })")
    world:wait(function() return starts() == 2 end, 'the start for a save by hand')
  end)

  it('passes over a directory that others may enter', function()
    peer:close()
    vim.uv.fs_chmod(world.dir .. '/run/kra', tonumber('755', 8))
    assert.equals(vim.NIL, editor:lua("return require('kra.daemon').socket() or vim.NIL"))
    editor:lua("vim.env.KRA_RUNTIME_DIR = nil vim.env.XDG_STATE_HOME = nil")
    vim.fn.mkdir(world.dir .. '/state/kra/run', 'p', tonumber('700', 8))
    local path = editor:lua("return require('kra.daemon').socket() or vim.NIL")
    assert.is_true(path == vim.NIL or not vim.startswith(path, world.dir .. '/run/kra/'))
  end)

  it('writes modified files when asked, each for itself', function()
    world:write('home/a.txt', 'a\n') world:write('home/b.txt', 'b\n') world:write('home/c.txt', 'c\n')
    editor:lua([[
      for _, name in ipairs({ 'a', 'b', 'c' }) do
        vim.cmd.edit(name .. '.txt')
        vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'new ' .. name })
      end
      vim.bo[vim.fn.bufnr('b.txt')].readonly = true
    ]])
    local file = assert(io.open(world.home .. '/c.txt', 'w'))
    file:write('from outside, and longer\n')
    file:close()
    vim.uv.fs_utime(world.home .. '/c.txt', os.time() + 10, os.time() + 10)
    editor:lua(REQUEST, 'status', {}, 2000)
    local report = peer:call('write', {})
    assert.same({ world.home .. '/a.txt' }, report.written)
    assert.same({ world.home .. '/b.txt', world.home .. '/c.txt' }, { report.failed[1].path, report.failed[2].path })
    assert.same({ 'new a\n', 'b\n', 'from outside, and longer\n' }, { world:read('home/a.txt'), world:read('home/b.txt'), world:read('home/c.txt') })
  end)

  it('turns what the daemon tells into events', function()
    editor:lua([[
      _G.seen = {}
      vim.api.nvim_create_autocmd('User', { pattern = 'Kra*', callback = function(event) table.insert(_G.seen, { event.match, event.data }) end })
    ]])
    editor:lua(REQUEST, 'status', {}, 2000)
    peer:call('saved', { ok = true, name = 'work', generation = 4, duration_ms = 12 })
    peer:call('problem', { code = 'disk', text = 'the disk is full', cure = 'make room' })
    local seen = editor:lua('return _G.seen')
    assert.same({ 'KraSavePost', { ok = true, name = 'work', generation = 4, duration_ms = 12 } }, seen[1])
    assert.same({ 'KraProblem', { ok = false, code = 'disk', text = 'the disk is full', cure = 'make room' } }, seen[2])
    assert.truthy(editor:lua("return require('kra').statusline()"):find('^kra %d%d:%d%d$'))
  end)
end)
