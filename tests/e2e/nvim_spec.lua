-- Neovim with the real daemon: started by the editor, asked by it, killed under it.
local worlds = require('tests.helpers.world')
local screens = require('tests.lua.helpers.screen')

local settings = [[vim.g.kra = { autosave = { editor_debounce_ms = 20 }, session = { suppress = {} }, retry = { first_ms = 20 } }]]

local function connected(screen) return screen:wait("return require('kra.rpc').connected()", 'a connection') end

describe('Neovim and the daemon', function()
  local world
  before_each(function()
    world = worlds.new()
    world.env.KRA_BIN = world.repo .. '/build/kra'
    for i = 1, 4 do world:write(('home/project/file%d.txt'):format(i), ('text\n'):rep(60)) end
  end)
  after_each(function() world:close() end)

  local function start(options)
    return screens.new(world, vim.tbl_extend('force', { cwd = world.home .. '/project', vimrc = settings }, options or {}))
  end

  it('keep the session of a directory over a crash of both', function()
    local first = start()
    first:command('edit file1.txt')
    first:command('vsplit file2.txt')
    first:command('25')
    world:wait(function() return first:lua("return require('kra').statusline()"):find('%d') end, 'the first save', nil,
      function() return vim.inspect(first:lua("return require('kra').status()")) end)
    first:command('tabedit file3.txt')
    local state
    world:wait(function()
      state = first:lua("return (require('kra.rpc').call('session_get', { key = require('kra.session.directory').key() }, 2000))").state
      return type(state) == 'table' and #state.tabs == 2
    end, 'the second save')
    local pid = first:lua("return require('kra.rpc').peer().pid")
    vim.uv.kill(pid, 'sigkill')
    first:kill()
    local second = start()
    second:command('Kra restore')
    second:wait("return vim.fn.tabpagenr('$') == 2 and not require('kra.session.restore').pending()", 'the session')
    assert.same({ 'file3.txt', 'file2.txt' }, second:lua([[
      local there = vim.fs.basename(vim.api.nvim_buf_get_name(0))
      vim.cmd('tabfirst')
      return { there, vim.fs.basename(vim.api.nvim_buf_get_name(0)) }
    ]]))
    second:quit()
  end)

  it('find each other again after the daemon was killed', function()
    local screen = start()
    screen:command('edit file1.txt')
    connected(screen)
    local pid = screen:lua("return require('kra.rpc').peer().pid")
    vim.uv.kill(pid, 'sigkill')
    world:wait(function() return not screen:lua("return require('kra.rpc').connected()") end, 'the loss')
    screen:command('edit file2.txt')
    connected(screen)
    assert.are_not.equal(pid, screen:lua("return require('kra.rpc').peer().pid"))
    screen:quit()
  end)

  it('share one daemon when several start at once', function()
    local all = {}
    for i = 1, 4 do all[i] = start({ args = { 'file' .. i .. '.txt' }, env = { TMUX = world.socket .. ',1,0', TMUX_PANE = '%' .. i } }) end
    local pids = {}
    for _, screen in ipairs(all) do
      connected(screen)
      pids[screen:lua("return require('kra.rpc').peer().pid")] = true
    end
    assert.equals(1, vim.tbl_count(pids))
    for _, screen in ipairs(all) do screen:quit() end
  end)

  -- An editor in the pane of a real tmux; it listens where `lua` finds it, also after a restore, since its arguments stay the same.
  local function inside_tmux()
    world:start_tmux('-s', 'main', '-c', world.home .. '/project')
    world:write('config/nvim/init.lua', ('vim.opt.rtp:prepend(%q)\nvim.o.directory = %q\n%s\n'):format(
      world.repo, world.dir .. '/tmp//', settings))
    world:tmux('send-keys', '-t', 'main', ('nvim --listen %s/run/inner -i NONE file1.txt'):format(world.dir), 'Enter')
  end

  local function await_editor()
    local channel = world:wait(function()
      local ok, id = pcall(vim.fn.sockconnect, 'pipe', world.dir .. '/run/inner', { rpc = true })
      return ok and id > 0 and id
    end, 'Neovim in the pane', nil, function() return world:tmux('capture-pane', '-p', '-t', 'main') end)
    local function lua(code, ...) return vim.rpcrequest(channel, 'nvim_exec_lua', code, { ... }) end
    world:wait(function() return not vim.rpcrequest(channel, 'nvim_get_mode').blocking and lua('return vim.v.vim_did_enter') == 1 end, 'the start',
      nil, function() return world:tmux('capture-pane', '-p', '-t', 'main') end)
    return lua
  end

  local function save(lua, command)
    lua("_G.said = {} vim.notify = function(text) table.insert(_G.said, text) end vim.cmd(...)", command)
    return world:wait(function() return lua('return _G.said[1] or false') end, 'the answer', 15000)
  end

  it('save a workspace of tmux with the editor in it', function()
    inside_tmux()
    local lua = await_editor()
    lua("vim.cmd.split('file2.txt')")
    local said = save(lua, 'KraSave work')
    assert.truthy(said:find('saved work@%d+: 1 session, 1 window, 1 pane, 1 editor'), said)
    local shown = vim.json.decode(world:kra('show', 'work', '--json').stdout)
    assert.equals(2, #shown.editors[1].buffers)
    assert.equals(1, shown.editors[1].tabs)
    assert.equals(shown.editors[1].id, shown.sessions[1].windows[1].panes[1].editor)
  end)

  it('come back in a pane after everything was killed', function()
    inside_tmux()
    local lua = await_editor()
    lua([[
      vim.cmd.vsplit('file2.txt')
      vim.cmd('33')
      vim.cmd.tabedit('file3.txt')
      vim.cmd.split('file4.txt')
      vim.cmd('tabfirst')
    ]])
    local before = lua("return (require('kra.session').capture())")
    local said = save(lua, 'KraSave work')
    assert.truthy(said:find('saved work@', 1, true), said)
    local pid = lua('return vim.uv.os_getpid()')
    world:crash_tmux()
    vim.uv.kill(pid, 'sigkill')
    world:wait(function() return vim.uv.kill(pid, 0) ~= 0 end, 'the end of Neovim')
    local result = world:kra('restore', 'work')
    assert.equals(0, result.code, result.stderr)
    local again = await_editor()
    world:wait(function()
      return again("return not vim.env.KRA_EDITOR and not require('kra.start').restoring() and not require('kra.session.restore').pending()")
    end, 'the whole session')
    local said_after = again("return vim.api.nvim_exec2('messages', { output = true }).output")
    assert.same(before, again("return (require('kra.session').capture())"), said .. '\n' .. said_after)
    assert.same({}, again("return require('kra').status().problems"))
  end)
end)
