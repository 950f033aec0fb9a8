-- kra integrate on a HOME of its own; and the words that came with it: audit, note edit, options before the command.
local worlds = require('tests.helpers.world')
local peers = require('tests.lua.helpers.peer')
local uv = vim.uv

describe('kra integrate', function()
  local world
  before_each(function()
    world = worlds.new({ env = { SHELL = '/bin/zsh' } })
    world:write('home/.zshrc', 'setopt x')
    world:write('home/dotfiles/bashrc', '# mine\nPS1=x\n')
    uv.fs_symlink('dotfiles/bashrc', world.home .. '/.bashrc')
    uv.fs_chmod(world.home .. '/dotfiles/bashrc', tonumber('640', 8))
    world:write('home/.tmux.conf', 'set -g mouse on\n\n')
    world:write('config/nvim/init.lua', 'vim.o.number = true\n')
  end)
  after_each(function() world:close() end)

  local files = { 'home/.zshrc', 'home/.bashrc', 'home/.tmux.conf', 'config/nvim/init.lua' }
  local function contents()
    return vim.tbl_map(function(name) return world:read(name) end, files)
  end
  local function run(...)
    local result = world:run({ world.repo .. '/build/kra', 'integrate', ... }, { env = { XDG_CONFIG_HOME = world.dir .. '/config' } })
    assert.equals(0, result.code, result.stderr)
    return result.stdout
  end

  it('shows what it would add, adds it once, and gives back every byte', function()
    local before = contents()
    local shown = run('--dry-run')
    assert.truthy(shown:find('+++ ' .. world.home .. '/dotfiles/bashrc', 1, true))
    assert.truthy(shown:find('\n+eval "$(', 1, true))
    assert.same(before, contents())
    run('--yes')
    local with = contents()
    for i, text in ipairs(with) do
      assert.equals(before[i], text:sub(1, #before[i]))
      assert.truthy(text:find('>>> kra >>>', 1, true), files[i])
    end
    assert.equals('link', uv.fs_lstat(world.home .. '/.bashrc').type)
    assert.equals(tonumber('640', 8), uv.fs_stat(world.home .. '/.bashrc').mode % 4096)
    assert.equals('nothing to change\n', run('--yes'))
    assert.same(with, contents())
    run('--remove', '--yes')
    assert.same(before, contents())
    assert.equals('nothing to change\n', run('--remove'))
  end)

  it('writes what the programs read', function()
    run('--yes')
    local tree = world:run({ world.nvim_program, '--headless', '-i', 'NONE', '+lua io.write(tostring(vim.fn.exists(":Kra")))', '+qa!' },
      { env = { XDG_CONFIG_HOME = world.dir .. '/config' } })
    assert.equals('2', tree.stdout .. tree.stderr)
    assert.equals(0, world:run({ 'bash', '-n', world.home .. '/.bashrc' }).code)
    local text = world:read('home/.tmux.conf')
    local path = assert(text:match('run%-shell "\'(/.*/kra%.tmux)\'"'))
    assert.equals(1, vim.fn.executable(path))
  end)

  it('removes a file that it made, and leaves alone one with a line of the user\'s', function()
    os.remove(world.home .. '/.zshrc')
    world:write('home/.bashrc.real', 'eval "$(kra init bash)"\n')
    os.remove(world.home .. '/.bashrc')
    uv.fs_symlink('.bashrc.real', world.home .. '/.bashrc')
    run('--yes')
    assert.equals('eval "$(kra init bash)"\n', world:read('home/.bashrc'))
    assert.truthy(world:read('home/.zshrc'):find('there was no file', 1, true))
    run('--remove', '--yes')
    assert.is_nil(uv.fs_stat(world.home .. '/.zshrc'))
    assert.equals('eval "$(kra init bash)"\n', world:read('home/.bashrc'))
  end)

  it('asks, and changes nothing when nobody can answer', function()
    local before = contents()
    local result = world:run({ world.repo .. '/build/kra', 'integrate' }, { env = { XDG_CONFIG_HOME = world.dir .. '/config' }, stdin = '' })
    assert.equals(4, result.code)
    assert.truthy(result.stderr:find('--yes', 1, true))
    assert.same(before, contents())
  end)
end)

describe('kra', function()
  local world
  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  it('takes the tmux server before the command, as tmux does', function()
    world:start_tmux()
    local program = world.repo .. '/build/kra'
    local function saved(...)
      local result = world:run(vim.list_extend({ program }, { ... }), { env = { TMUX = '' } })
      assert.equals(0, result.code, result.stderr)
      return vim.json.decode(result.stdout)
    end
    assert.equals(1, saved('-S', world.socket, 'save', '--json').sessions)
    assert.equals(1, saved('-S' .. world.socket, 'save', '--json').sessions)
    assert.equals(1, saved('--socket-path=' .. world.socket, 'save', '--json').sessions)
    assert.equals(1, saved('save', '-S', world.socket, '--json').sessions)
    assert.equals(2, world:kra('-L', 'x', 'config', 'path').code)
    assert.equals(2, world:kra('-L', 'x').code)
  end)

  it('tells what it did', function()
    world:start_tmux()
    assert.equals(0, world:kra('save').code)
    local lines = vim.split(vim.trim(world:kra('audit', '--json').stdout), '\n')
    local save = vim.json.decode(lines[#lines])
    assert.equals('save', save.kind)
    assert.truthy(save.text:find('default@1: 1 session', 1, true))
    assert.truthy(save.at:find('^%d%d%d%d%-%d%d%-%d%dT'))
    assert.equals('daemon', vim.json.decode(lines[1]).kind)
    assert.truthy(world:kra('audit', '--since', '1h').stdout:find('default@1', 1, true))
    assert.equals(2, world:kra('audit', '--since', 'never').code)
    local seen = ''
    local job = vim.fn.jobstart({ world.repo .. '/build/kra', 'audit', '-f' }, { clear_env = true, env = world.env,
      on_stdout = function(_, data) seen = seen .. table.concat(data, '\n') end })
    world:wait(function() return seen:find('default@1', 1, true) end, 'what was done before')
    world:tmux('new-window', '-d')
    assert.equals(0, world:kra('save').code)
    world:wait(function() return seen:find('default@2', 1, true) end, 'what is done now')
    vim.fn.jobstop(job)
    assert.equals(2, select(2, seen:gsub('save', '')))
  end)

  it('hands a save over, and takes one in without starting what is in it', function()
    world:start_tmux()
    world:tmux('new-window', '-d', '-n', 'mine', 'tail -f /dev/null')
    assert.equals(0, world:kra('save', 'work').code)
    assert.equals(0, world:kra('export', 'work', world.dir .. '/work.kra').code)
    assert.equals(4, world:kra('export', 'work', world.dir .. '/work.kra').code)
    assert.equals(384, vim.uv.fs_stat(world.dir .. '/work.kra').mode % 512)
    assert.equals(0, world:kra('import', world.dir .. '/work.kra', '--name', 'taken-in').code)
    assert.equals(4, world:kra('import', world.dir .. '/work.kra', '--name', 'taken-in').code)
    local function sessions(name) return vim.json.decode(world:kra('show', name, '--json').stdout).sessions end
    assert.equals('mine', sessions('taken-in')[1].windows[2].name)
    local plan = vim.json.decode(world:kra('restore', 'taken-in', '--dry-run', '--rename', 'other', '--json').stdout)
    assert.equals(1, #plan.programs)
    assert.is_true(plan.programs[1].asks)
    local pane = table.concat({ 'pane', 'old', '0', '1', ':*', '0', 't', ':/tmp', '1', 'less', ':less a b' }, '\t')
    world:write('home/.tmux/resurrect/tmux_1.txt', pane .. '\n')
    uv.fs_symlink('tmux_1.txt', world.home .. '/.tmux/resurrect/last')
    assert.equals(0, world:kra('import', 'resurrect').code)
    assert.same({ 'less', 'a', 'b' }, sessions('resurrect')[1].windows[1].panes[1].argv)
    assert.equals(0, world:kra('restore', 'resurrect').code)
    world:wait(function() return world:tmux('list-sessions', '-F', '#{session_name}'):find('old', 1, true) end, 'the session')
    assert.equals(1, world:kra('import', world.dir .. '/none').code)
  end)

  it('stops a daemon of another protocol', function()
    local peer = peers.new(world)
    peer.answers.hello = function() error({ fault = 'refused', what = 'release 9.0.0 speaks protocol 7' }) end
    peer.answers.stop = function()
      local timer = assert(uv.new_timer()) -- the answer goes out first
      timer:start(50, 0, function()
        timer:close()
        peer:close()
      end)
      return vim.empty_dict()
    end
    local result = world:kra('daemon', 'stop')
    assert.equals(0, result.code, result.stderr)
    assert.equals('daemon stopped\n', result.stdout)
    assert.equals(1, #peer:told('stop'))
  end)

  it('goes on with a new daemon where a signal ended one before it had saved all', function()
    world:start_tmux()
    local pid = world:tmux('display-message', '-p', '#{pid}')
    for _, bye in ipairs({ { 'signal', 0, false }, { 'signal', 2, true } }) do
      local peer = peers.new(world)
      peer.answers.event = function() return vim.empty_dict() end
      local job = vim.fn.jobstart({ world.repo .. '/build/kra', 'tmux-watch' },
        { clear_env = true, env = vim.tbl_extend('force', world.env, { TMUX = ('%s,%s,0'):format(world.socket, pid) }) })
      world:wait(function() return #peer:told('event') > 0 end, 'the waiter')
      os.remove(peer.path)
      for _, pipe in ipairs(peer.pipes) do pipe:write(vim.mpack.encode({ 2, 'bye', { { reason = bye[1], pending = bye[2] } } })) end
      vim.wait(100)
      peer:die()
      local function running() return vim.json.decode(world:kra('daemon', 'status', '--json').stdout).daemon.running end
      if bye[3] then world:wait(running, 'a new daemon') else vim.wait(1200) assert.is_false(running()) end
      vim.fn.jobstop(job)
      vim.fn.jobwait({ job }, 5000)
    end
  end)

  it('notes who changed a file', function()
    world:write('home/a.txt', 'x')
    assert.equals(0, world:kra('note', 'edit', 'a.txt', '--by', 'agent').code)
    local journal = world:read('state/kra/notes.journal')
    assert.truthy(journal:find(world.home .. '/a.txt', 1, true))
    assert.truthy(journal:find('agent', 1, true))
    assert.equals(2, world:kra('note', 'edit', 'a.txt').code)
    assert.equals(2, world:kra('note', 'edit', '--by', 'agent').code)
    world:write('config/kra/config.yaml', 'privacy: {exclude: ["*.txt"]}\n')
    assert.equals(0, world:kra('note', 'edit', 'a.txt', '--by', 'agent').code)
    assert.equals(journal, world:read('state/kra/notes.journal'))
  end)
end)
