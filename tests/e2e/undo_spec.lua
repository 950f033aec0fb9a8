-- What was closed comes back, in a real tmux server.
local worlds = require('tests.helpers.world')

describe('kra undo', function()
  local world

  before_each(function()
    world = worlds.new()
    world:start_tmux('-s', 'work', '-x', '120', '-y', '40')
    world:tmux('split-window', '-h', '-t', 'work:0')
    world:tmux('split-window', '-v', '-t', 'work:0', 'exec less /etc/passwd')
    world:tmux('new-window', '-t', 'work:3', '-n', 'three')
    world:tmux('new-session', '-d', '-s', 'side')
    world:wait(function() return world:tmux('list-panes', '-a', '-F', '#{pane_current_command}'):find('less') end, 'less')
    assert.same(0, world:kra('save', 'w').code)
  end)
  after_each(function() world:close() end)

  local function layout()
    local text = world:tmux('display-message', '-p', '-t', 'work:0', '#{window_layout}')
    return (text:gsub('^%x+,', ''):gsub('(%d+x%d+,%d+,%d+),%d+', '%1'))
  end
  local function close(...)
    world:tmux(...)
    assert.same(0, world:kra('save').code)
  end
  local function undo()
    local result = world:kra('undo')
    assert.same(0, result.code, result.stderr)
    return result.stdout
  end

  it('puts a pane back into its place, with its program', function()
    local before = layout()
    world:tmux('kill-pane', '-t', 'work:0.2')
    assert.is_truthy(undo():find('pane work:0', 1, true))
    assert.same(before, layout())
    world:wait(function() return world:tmux('display-message', '-p', '-t', 'work:0.2', '#{pane_current_command}') == 'less' end, 'less again')
    assert.same(3, world:kra('undo').code)
  end)

  it('puts a window back at its index', function()
    world:tmux('kill-window', '-t', 'work:3')
    assert.is_truthy(undo():find('window work:3', 1, true))
    assert.same('three', world:tmux('display-message', '-p', '-t', 'work:3', '#{window_name}'))
  end)

  it('brings a session back whole, as one item', function()
    world:tmux('kill-session', '-t', 'work')
    local list = world:kra('undo', '--list', '--json')
    assert.same(1, #vim.json.decode(list.stdout).items)
    undo()
    assert.same('0\n3', world:tmux('list-windows', '-t', 'work', '-F', '#{window_index}'))
    assert.same('3', world:tmux('display-message', '-p', '-t', 'work:0', '#{window_panes}'))
  end)

  it('knows what was closed after a restore', function()
    world:tmux('kill-server')
    assert.same(0, world:kra('restore').code)
    -- Equal to what was restored from: nothing is written, yet this run of the server is known from now on.
    assert.same(0, world:kra('save').code)
    close('kill-window', '-t', 'work:3')
    assert.is_truthy(undo():find('window work:3', 1, true))
  end)

  it('knows what was closed before the first save after a restore', function()
    world:tmux('kill-server')
    assert.same(0, world:kra('restore').code)
    close('kill-window', '-t', 'work:3')
    assert.is_truthy(undo():find('window work:3', 1, true))
  end)

  it('goes back one after the other', function()
    close('kill-window', '-t', 'work:3')
    close('kill-session', '-t', 'side')
    assert.is_truthy(undo():find('session side', 1, true))
    assert.is_truthy(undo():find('window work:3', 1, true))
    assert.same(3, world:kra('undo').code)
  end)

  it('knows nothing that a crash took', function()
    world:crash_tmux()
    world:start_tmux('-s', 'other')
    assert.same(0, world:kra('save').code)
    assert.same(3, world:kra('undo').code)
  end)
end)
