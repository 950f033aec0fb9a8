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
      state = first:lua("return select(2, pcall(require('kra.rpc').call, 'session_get', { key = require('kra.session.directory').key() }, 2000))").state
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

  it('save a workspace of tmux with the editor in it', function()
    world:start_tmux('-s', 'main', '-c', world.home .. '/project')
    local vimrc = world:write('home/init.lua', ('vim.opt.rtp:prepend(%q)\n%s\n'):format(world.repo, settings))
    local socket = world.dir .. '/run/inner'
    world:tmux('send-keys', '-t', 'main', ('nvim --listen %s -u %s -i NONE -n file1.txt'):format(socket, vimrc), 'Enter')
    local channel = world:wait(function()
      local ok, id = pcall(vim.fn.sockconnect, 'pipe', socket, { rpc = true })
      return ok and id > 0 and id
    end, 'Neovim in the pane')
    local function lua(code, ...) return vim.rpcrequest(channel, 'nvim_exec_lua', code, { ... }) end
    world:wait(function() return lua("return vim.v.vim_did_enter") == 1 end, 'the start')
    lua("vim.cmd.split('file2.txt')")
    lua("_G.said = {} vim.notify = function(text) table.insert(_G.said, text) end vim.cmd('KraSave work')")
    local said = world:wait(function() return lua("return _G.said[1] or false") end, 'the answer', 15000)
    assert.truthy(said:find('saved work@%d+: 1 session, 1 window, 1 pane, 1 editor'), said)
    local shown = vim.json.decode(world:kra('show', 'work', '--json').stdout)
    assert.equals(2, #shown.editors[1].buffers)
    assert.equals(1, shown.editors[1].tabs)
    assert.equals(shown.editors[1].id, shown.sessions[1].windows[1].panes[1].editor)
  end)
end)
