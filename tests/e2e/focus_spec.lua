-- A tmux that tells programs nothing of focus: the daemon does, with the waiter's next look.
local worlds = require('tests.helpers.world')

local settings = [[vim.g.kra = { autosave = { editor_debounce_ms = 20 }, session = { suppress = {} }, live = { active = false },
  drafts = { debounce_ms = 60000, max_wait_ms = 60000 } }]]

describe('focus in a tmux with focus-events off', function()
  local world
  before_each(function()
    world = worlds.new({ env = { KRA_IDLE_MS = '60000' } })
    world.env.KRA_BIN = world.repo .. '/build/kra'
    world:write('home/file.txt', 'one\n')
  end)
  after_each(function() world:close() end)

  it('reaches the editor of a pane that is left or entered: text is kept at once, the disk is looked at', function()
    world:start_tmux('-s', 'main')
    assert.equals('off', world:tmux('show-options', '-gqv', 'focus-events'))
    world:tmux('run-shell', world.repo .. '/kra.tmux')
    world:write('init.lua', ('vim.opt.rtp:prepend(%q)\nvim.o.swapfile = false vim.o.autoread = true\n%s\n'):format(world.repo, settings))
    local client = world:attach('main')
    world:tmux('send-keys', '-t', 'main', ('nvim -u %s/init.lua --listen %s/run/inner -i NONE file.txt'):format(world.dir, world.dir), 'Enter')
    local channel = world:wait(function()
      local ok, found = pcall(vim.fn.sockconnect, 'pipe', world.dir .. '/run/inner', { rpc = true })
      return ok and found > 0 and found
    end, 'the editor')
    local function lua(code, ...) return vim.rpcrequest(channel, 'nvim_exec_lua', code, { ... }) end
    local function told(gained)
      world:wait(function() return lua("return require('kra.focus').last()") == gained end, 'word of the focus: ' .. tostring(gained), 5000,
        function() return world:kra('status', '--json').stdout end)
    end
    world:wait(function()
      return lua("return package.loaded['kra.draft'] ~= nil and require('kra.rpc').connected() and require('kra.draft').active()")
    end, 'a connected editor')
    world:wait(function() return #vim.json.decode(world:kra('status', '--json').stdout).clients > 1 end, 'the waiter')
    local function held() return lua("return require('kra.draft').status().waiting") end
    lua([[
      _G.users = 0
      vim.api.nvim_create_autocmd({ 'FocusLost', 'FocusGained' }, { callback = function() _G.users = _G.users + 1 end })
    ]])

    lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'typed' })")
    assert.is_true(held())
    world:tmux('split-window', '-t', 'main')
    told(false)
    world:wait(function() return not held() end, 'the text in the journal')

    lua('vim.cmd("silent undo")')
    world:write('home/file.txt', 'two\n')
    world:tmux('last-pane', '-t', 'main')
    told(true)
    world:wait(function() return lua("return vim.fn.getline(1)") == 'two' end, 'what was written meanwhile')

    assert.equals(0, lua('return _G.users'))

    world:tmux('detach-client', '-s', 'main')
    told(false)
    vim.fn.jobwait({ client }, 2000)
    world:attach('main')
    told(true)
  end)
end)
