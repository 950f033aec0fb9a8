local worlds = require('tests.helpers.world')
local peers = require('tests.lua.helpers.peer')
local screens = require('tests.lua.helpers.screen')

describe('a Neovim that starts', function()
  local world, peer
  local tmux = { TMUX = '/tmp/some-socket,123,0', TMUX_PANE = '%7', KRA_BIN = '/nonexistent/kra' }

  before_each(function()
    world = worlds.new({ env = tmux })
    peer = peers.new(world)
    for i = 1, 4 do world:write(('home/file%d.txt'):format(i), ('text\n'):rep(50)) end
  end)
  after_each(function()
    peer:close()
    world:close()
  end)

  local function make_state(code)
    local editor = world:nvim()
    editor:lua("vim.o.columns = 120 vim.o.lines = 40")
    editor:lua(code)
    local state = editor:lua("return require('kra.session').capture()")
    editor:stop()
    return state
  end

  it('in a restored pane brings the session back and unsets both variables', function()
    local state = make_state([[
      vim.cmd.edit('file1.txt') vim.cmd('20') vim.cmd.vsplit('file2.txt') vim.cmd.tabedit('file3.txt') vim.cmd('tabfirst')
    ]])
    peer.answers.session_get = function() return { state = state } end
    local screen = screens.new(world, { args = { 'file1.txt' }, env = { KRA_EDITOR = 'abc-123', KRA_GENERATION = 'default/work/7' } })
    assert.same({ editor = 'abc-123', generation = 'default/work/7' }, peer:told('session_get')[1])
    assert.equals('abc-123', peer:told('hello')[1].editor)
    screen:wait("return not require('kra.session.restore').pending()", 'the whole session')
    assert.same({ vim.NIL, vim.NIL }, screen:lua('return { vim.env.KRA_EDITOR or vim.NIL, vim.env.KRA_GENERATION or vim.NIL }'))
    assert.same({ 2, 1, 2 }, screen:lua("return { vim.fn.tabpagenr('$'), vim.fn.tabpagenr(), vim.fn.winnr('$') }"))
    assert.same(state, peer:call('capture', {}).state)
    screen:quit()
  end)

  it('leaves its state to itself when its init.lua starts another editor', function()
    local state = make_state([[vim.cmd.edit('file1.txt')]])
    peer.answers.session_get = function() return { state = state } end
    local vimrc = ([[
      local nested = vim.fn.jobstart({ vim.v.progpath, '--embed', '--headless', '-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set rtp^=%s',
        '--cmd', 'runtime plugin/kra.lua' }, { rpc = true })
      vim.g.nested = vim.rpcrequest(nested, 'nvim_exec_lua',
        "vim.wait(2000, function() return vim.v.vim_did_enter == 1 end) " ..
        "return { vim.env.KRA_EDITOR == nil, require('kra.rpc').identity().editor }", {})
      vim.fn.jobstop(nested)
    ]]):format(world.repo)
    local screen = screens.new(world, { args = { 'file1.txt' }, vimrc = vimrc, env = { KRA_EDITOR = 'abc-9', KRA_GENERATION = 'default/work/7' } })
    local nested = screen:lua('return vim.g.nested')
    assert.is_true(nested[1])
    assert.are_not.equal('abc-9', nested[2])
    assert.equals(1, #peer:told('session_get'))
    assert.equals('abc-9', peer:told('hello')[1].editor)
    screen:quit()
  end)

  it('is plain, with one notice, when nothing is stored', function()
    local screen = screens.new(world, { env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' }, args = { 'file1.txt' } })
    assert.equals('file1.txt', screen:lua("return vim.fn.expand('%')"))
    screen:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('starts plain') ~= nil", 'the notice')
    screen:quit()
  end)

  it('takes a record that comes late', function()
    local state = make_state([[vim.cmd.edit('file1.txt') vim.cmd.split('file2.txt')]])
    local asked = 0
    peer.answers.session_get = function()
      asked = asked + 1
      return peers.SILENT
    end
    local screen = screens.new(world, { env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' }, waits = false })
    world:wait(function() return asked == 1 and screen:lua('return vim.v.vim_did_enter') == 1 end, 'the question')
    local hello = peer:told('hello')[1]
    assert.equals('abc', hello.editor)
    peer:write({ 1, 2, vim.NIL, { state = state } }) -- the second request of its connection
    screen:wait("return vim.fn.winnr('$') == 2", 'the session')
    screen:quit()
  end)

  it('is plain when the record is damaged, and keeps its file', function()
    local torn = { version = 1, tabs = { { layout = { 7 }, windows = {} } }, buffers = {} }
    for _, state in ipairs({ 'text', { version = 1 }, { version = 99, tabs = {} }, torn }) do
      peer.answers.session_get = function() return { state = state } end
      local screen = screens.new(world, { env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' }, args = { 'file1.txt' } })
      assert.equals('file1.txt', screen:lua("return vim.fn.expand('%')"))
      assert.equals('', screen:lua('return vim.o.eventignore'))
      screen:quit()
    end
  end)

  it('tells the daemon once when the visible files change', function()
    local screen = screens.new(world, { args = { 'file1.txt' }, vimrc = 'vim.g.kra = { autosave = { editor_debounce_ms = 30 } }' })
    world:wait(function() return #peer:told('event') == 1 end, 'the first event')
    assert.equals('editor', peer:told('event')[1].source)
    assert.equals('/tmp/some-socket', peer:told('event')[1].server)
    screen:command('split | split')
    screen:command('close | close')
    screen:command('help')
    screen:command('helpclose')
    for i = 2, 4 do screen:command(('edit file%d.txt'):format(i)) end
    world:wait(function() return #peer:told('event') >= 2 end, 'the second event')
    vim.wait(150)
    assert.is_true(#peer:told('event') <= 3)
    local before = #peer:told('event')
    screen:command('silent! write | silent! %print')
    screen:command('split')
    screen:command('close')
    vim.wait(150)
    assert.equals(before, #peer:told('event'))
    assert.equals(before, peer:told('event')[before].seq)
    screen:quit()
  end)

  it('tells nothing while it is paused', function()
    local screen = screens.new(world, { args = { 'file1.txt' }, vimrc = 'vim.g.kra = { autosave = { editor_debounce_ms = 10 } }' })
    world:wait(function() return #peer:told('event') == 1 end, 'the first event')
    screen:command('Kra pause')
    screen:command('edit file2.txt')
    vim.wait(120)
    assert.equals(1, #peer:told('event'))
    assert.equals('kra paused', screen:lua("return require('kra').statusline()"))
    screen:command('Kra resume')
    world:wait(function() return #peer:told('event') == 2 end, 'the event')
    screen:quit()
  end)

  it('takes the leftovers of a killed editor for what they are', function()
    local first = screens.new(world, { args = { 'file1.txt' }, keep_swap = true })
    first:command('split file2.txt')
    first:command('call setline(1, "unsaved") | preserve')
    local state = first:lua("return require('kra.session').capture()")
    first:kill()
    peer.answers.session_get = function() return { state = state } end
    local second = screens.new(world, { args = { 'file1.txt' }, keep_swap = true, env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' } })
    second:wait("return not require('kra.session.restore').pending()", 'the whole session')
    -- Nothing unsaved lay in the swap file of the first, so it can be edited; the text in that of the second waits for :recover.
    assert.same({ false, true }, second:lua([[return { vim.bo[vim.fn.bufnr('file1.txt')].readonly, vim.bo[vim.fn.bufnr('file2.txt')].readonly }]]))
    assert.equals('text', second:lua([[return vim.api.nvim_buf_get_lines(vim.fn.bufnr('file2.txt'), 0, 1, false)[1] ]]))
    local problems = second:lua("return vim.tbl_map(function(p) return p.code end, require('kra').status().problems)")
    assert.same({ 'swap_dead' }, problems)
    second:quit()
  end)

  it('opens read-only what a living editor has open', function()
    local first = screens.new(world, { args = { 'file1.txt' }, keep_swap = true, env = { TMUX_PANE = '%42' } })
    local state = first:lua("return require('kra.session').capture()")
    peer.answers.session_get = function() return { state = state } end
    local second = screens.new(world, { keep_swap = true, env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' } })
    second:wait("return not require('kra.session.restore').pending()", 'the whole session')
    assert.is_true(second:lua([[return vim.bo[vim.fn.bufnr('file1.txt')].readonly]]))
    local problem = second:lua("return require('kra').status().problems[1]")
    assert.equals('swap_alive', problem.code)
    assert.truthy(problem.text:find('in pane %42', 1, true))
    first:quit()
    second:quit()
  end)
end)

describe('sessions of directories, outside tmux', function()
  local world, peer

  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } })
    peer = peers.new(world)
    peer.stored = {}
    peer.answers.session_put = function(params)
      peer.stored[params.key] = params.state.state
      return { changed = true }
    end
    peer.answers.session_get = function(params) return { state = peer.stored[params.key] or vim.NIL } end
    for i = 1, 4 do world:write(('home/project/file%d.txt'):format(i), ('text\n'):rep(50)) end
  end)
  after_each(function()
    peer:close()
    world:close()
  end)

  local quick = 'autosave = { editor_debounce_ms = 20 }'
  local settings = ("vim.g.kra = { %s, session = { suppress = {} } }"):format(quick)
  local function start(options)
    return screens.new(world, vim.tbl_extend('force', { cwd = world.home .. '/project', vimrc = settings }, options or {}))
  end

  it('are made by the first editor, kept up, and restored', function()
    local key = 'dir:' .. world.home .. '/project'
    local first = start()
    first:command('edit file1.txt')
    world:wait(function() return peer.stored[key] end, 'the first save')
    first:command('vsplit file2.txt')
    world:wait(function() return #peer.stored[key].tabs[1].windows == 2 end, 'the second save')
    first:command('10')
    first:quit()
    assert.equals(10, peer.stored[key].tabs[1].windows[1].cursor[1])
    local second = start()
    second:command('Kra restore')
    second:wait("return vim.fn.winnr('$') == 2 and not require('kra.session.restore').pending()", 'the session')
    assert.equals('file2.txt', second:lua("return vim.fn.expand('%:t')"))
    second:quit()
  end)

  it('are saved once more when the terminal goes away', function()
    local key = 'dir:' .. world.home .. '/project'
    local screen = start()
    screen:command('edit file1.txt')
    world:wait(function() return peer.stored[key] end, 'the first save')
    screen:command('split file2.txt')
    screen:command('40')
    screen:lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'unsaved' })")
    screen:wait("return not require('kra.draft').status().waiting", 'an editor at rest')
    local before = #peer:told('session_put')
    vim.uv.kill(vim.fn.jobpid(screen.job), 'sigkill') -- the face of the editor; its process finds itself without a screen
    world:wait(function() return vim.uv.kill(screen.pid, 0) ~= 0 end, 'the end of the editor')
    world:wait(function()
      local tab = peer.stored[key].tabs[1]
      return #tab.windows == 2 and tab.windows[1].cursor[1] == 41
    end, 'the last save')
    assert.is_true(#peer:told('session_put') - before <= 2)
  end)

  it('are not saved over by an editor that did not restore them', function()
    local key = 'dir:' .. world.home .. '/project'
    peer.stored[key] = { version = 1, mark = true }
    local screen = start()
    screen:command('edit file1.txt')
    world:wait(function() return #peer:told('session_get') > 0 end, 'the question')
    vim.wait(100)
    screen:quit()
    assert.is_true(peer.stored[key].mark)
  end)

  it('are left to the editor that keeps them while it is open', function()
    local key = 'dir:' .. world.home .. '/project'
    local put = peer.answers.session_put
    peer.answers.session_put = function(params)
      if not params.take then error({ fault = 'busy', what = 'another editor that is open keeps this session' }) end
      return put(params)
    end
    local screen = start()
    screen:command('edit file1.txt')
    screen:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('another editor keeps', 1, true) ~= nil", 'the notice')
    assert.is_nil(peer.stored[key])
    screen:command('KraSave')
    world:wait(function() return peer.stored[key] end, 'the save by hand')
    screen:quit()
  end)

  it('wait for no pipe in the place of a file of git', function()
    vim.fn.mkdir(world.home .. '/project/.git', 'p')
    assert.equals(0, vim.system({ 'mkfifo', world.home .. '/project/.git/HEAD' }):wait().code)
    local screen = start({ vimrc = ("vim.g.kra = { %s, session = { suppress = {}, per_branch = true } }"):format(quick) })
    assert.equals('dir:' .. world.home .. '/project', screen:lua("return require('kra.session.directory').key()"))
    screen:quit()
  end)

  it('come back by themselves when that is wished', function()
    local first = start()
    first:command('edit file3.txt')
    world:wait(function() return next(peer.stored) end, 'the first save')
    first:quit()
    local second = start({ vimrc = ("vim.g.kra = { %s, session = { suppress = {}, auto_restore = true } }"):format(quick) })
    second:wait("return vim.fn.expand('%:t') == 'file3.txt'", 'the session')
    second:quit()
    local third = start({ args = { 'file1.txt' }, vimrc = ("vim.g.kra = { %s, session = { suppress = {}, auto_restore = true } }"):format(quick) })
    vim.wait(200)
    assert.equals('file1.txt', third:lua("return vim.fn.expand('%:t')"))
    third:quit()
  end)

  it('have one for each branch when that is wished', function()
    world:write('home/project/.git/HEAD', 'ref: refs/heads/topic/a#1\n')
    world:write('home/project/sub/x', '')
    local vimrc = ("vim.g.kra = { %s, session = { suppress = {}, per_branch = true } }"):format(quick)
    local screen = start({ cwd = world.home .. '/project/sub', vimrc = vimrc })
    assert.equals('dir:' .. world.home .. '/project/sub@topic/a#1', screen:lua("return require('kra.session.directory').key()"))
    screen:quit()
  end)

  it('are not kept for files, and not where they are suppressed', function()
    for _, options in ipairs({ { args = { 'file1.txt' } }, { vimrc = ("vim.g.kra = { %s, session = { suppress = { '~/*' } } }"):format(quick) } }) do
      local screen = start(options)
      screen:command('edit file2.txt')
      screen:wait("return package.loaded['kra.events'] ~= nil", 'the events')
      vim.wait(150)
      assert.same({}, peer.stored)
      screen:quit()
    end
  end)

  it('are saved and restored by name', function()
    local screen = start()
    screen:command('edit file4.txt')
    screen:command('Kra save review')
    world:wait(function() return peer.stored['name:review'] end, 'the save')
    screen:quit()
    local other = start({ cwd = world.home })
    other:command('Kra restore review')
    other:wait("return vim.fn.expand('%:t') == 'file4.txt'", 'the session')
    other:quit()
  end)
end)
