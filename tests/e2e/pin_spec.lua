local worlds = require('tests.helpers.world')

describe('kra pin', function()
  local world

  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  it('pins the window of the editor in a pane, and says so', function()
    assert.equals(3, world:kra('pin', '%3', '-S', world.dir .. '/tmux').code)
    local editor = world:nvim({ env = { TMUX = world.dir .. '/tmux,1,0', TMUX_PANE = '%3' } })
    editor:command('runtime plugin/kra.lua')
    editor:lua("require('kra.rpc').connect(function() end, true)")
    world:wait(function() return editor:lua("return require('kra.rpc').connected()") end, 'a connection')
    local result = world:kra('pin', '%3', '-S', world.dir .. '/tmux')
    assert.equals(0, result.code, result.stderr)
    assert.truthy(result.stdout:find('this window stays on its file', 1, true))
    assert.is_true(editor:lua("return require('kra.pin').pinned(vim.api.nvim_get_current_win())"))
    local function pinned()
      local clients = vim.json.decode(world:kra('status', '--json', '-S', world.dir .. '/tmux').stdout).clients
      return vim.iter(clients):any(function(client) return client.kind == 'nvim' and client.pinned end)
    end
    world:wait(pinned, 'a pinned editor in the status', 3000)
    assert.equals(3, world:kra('pin', '%4', '-S', world.dir .. '/tmux').code)
    assert.equals(0, world:kra('pin', '%3', '-S', world.dir .. '/tmux').code)
    assert.is_false(editor:lua("return require('kra.pin').pinned(vim.api.nvim_get_current_win())"))
  end)
end)
