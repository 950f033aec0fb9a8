-- Saves under conditions that are not the usual ones: no daemon, signals that were ignored before us, two editors in one pane.
local worlds = require('tests.helpers.world')

describe('A save', function()
  local world
  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  local function panes(name)
    local shown = vim.json.decode(world:check({ world.repo .. '/build/kra', 'show', name, '--json' }))
    return shown.sessions[1].windows[1].panes, shown.editors
  end

  it('is made by the command itself where no daemon can be had', function()
    world:start_tmux()
    -- A directory that is not empty, where the socket is to be.
    world:write('blocked/kra.sock/file', '')
    assert(vim.uv.fs_chmod(world.dir .. '/blocked', tonumber('700', 8)))
    local nowhere = { KRA_RUNTIME_DIR = world.dir .. '/blocked' }
    local kra = world.repo .. '/build/kra'
    local result = world:run({ kra, 'save', 'work' }, { env = nowhere })
    assert.equals(0, result.code, result.stderr)
    assert.truthy(result.stdout:find('^saved work@1: 1 session, 1 window, 1 pane'), result.stdout)
    assert.truthy(result.stderr:find('no daemon could be had', 1, true), result.stderr)
    local again = world:run({ kra, 'save', 'work' }, { env = nowhere })
    assert.truthy(again.stdout:find('^unchanged since work@1'), again.stdout)
    world:crash_tmux()
    assert.equals(0, world:run({ kra, 'restore', 'work' }, { env = nowhere }).code)
    assert.equals('main', world:tmux('list-sessions', '-F', '#{session_name}'))
  end)

  it('learns how its children end when SIGCHLD was ignored by who started it', function()
    world:start_tmux()
    for generation = 1, 2 do
      world:tmux('rename-window', 'name' .. generation)
      -- The first one starts the daemon, which inherits that too.
      local result = world:run({ 'env', '--ignore-signal=CHLD', world.repo .. '/build/kra', 'save', 'work' })
      assert.equals(0, result.code, result.stderr)
      assert.equals('', result.stderr)
      assert.truthy(result.stdout:find(('^saved work@%d: 1 session, 1 window, 1 pane'):format(generation)), result.stdout)
    end
  end)

  it('holds the one of two editors in a pane that the pane shows', function()
    for _, name in ipairs({ 'behind', 'front' }) do world:write('home/' .. name .. '.txt', name .. '\n') end
    world:start_tmux()
    local vimrc = world:write('vimrc.lua', ("vim.opt.rtp:prepend(%q)\nvim.o.swapfile = false\n"):format(world.repo))
    local function edit(name)
      world:tmux('send-keys', '-t', 'main', ('nvim --listen %s/run/%s -u %s -i NONE %s.txt'):format(world.dir, name, vimrc, name), 'Enter')
      local channel = world:wait(function()
        local ok, id = pcall(vim.fn.sockconnect, 'pipe', world.dir .. '/run/' .. name, { rpc = true })
        return ok and id > 0 and id
      end, 'the editor ' .. name, nil, function() return world:tmux('capture-pane', '-p', '-t', 'main') end)
      world:wait(function()
        return not vim.rpcrequest(channel, 'nvim_get_mode').blocking
          and vim.rpcrequest(channel, 'nvim_exec_lua', "return vim.v.vim_did_enter == 1 and require('kra.rpc').connected()", {})
      end, 'its connection')
    end
    local function saved()
      local result = world:kra('save', 'work')
      assert.equals(0, result.code, result.stderr)
      local all, editors = panes('work')
      assert.equals(1, #editors)
      assert.equals(editors[1].id, all[1].editor)
      return vim.fs.basename(editors[1].buffers[1].path)
    end
    edit('behind')
    assert.equals('behind.txt', saved())
    world:tmux('send-keys', '-t', 'main', 'C-z')
    world:wait(function() return world:tmux('display-message', '-p', '-t', 'main', '#{pane_current_command}') == 'bash' end, 'the shell in front')
    edit('front')
    assert.equals('front.txt', saved())
  end)
end)
