-- What a restored pane runs, in real panes of real shells: beside kra's supervisor where no shell file is loaded, and as a job of the
-- shell where it is.
local worlds = require('tests.helpers.world')
local stored = require('tests.helpers.stored')
local uv = vim.uv

local shells = {
  zsh = { rc = 'home/.zshrc', history = 'fc -l 1', quiet = 'PS1="$ "; zstyle :x y\n' },
  bash = { rc = 'home/.bashrc', history = 'history', quiet = 'PS1="$ "\n' },
  fish = { rc = 'config/fish/config.fish', history = 'history', quiet = 'set -g fish_greeting\n' },
}

local hostile = { 'a b', "'", '"', '$(touch canary)', '`touch canary`', ';touch canary',
  '#(touch canary)', '#{pane_id}', '', '\\', '\n', '\1\255', '%d', '-x' }

local function fields(pid)
  local file = assert(io.open('/proc/' .. pid .. '/stat', 'rb'))
  local text = file:read('*a')
  file:close()
  local state, _, group, _, _, front = text:match('.*%) (%S) (%d+) (%d+) (%d+) (%d+) (%-?%d+)')
  return { state = state, group = tonumber(group), front = tonumber(front) }
end

local function words(pid, name)
  local file = io.open(('/proc/%d/%s'):format(pid, name), 'rb')
  local text = file and file:read('*a') or ''
  if file then file:close() end
  return vim.split(text:gsub('%z$', ''), '\0', { plain = true })
end

for name, shell in pairs(shells) do
  local path = vim.fn.exepath(name)

  describe('a restored pane of ' .. name, function()
    local world

    local function pid() return tonumber(world:tmux('display-message', '-p', '-t', 'main', '#{pane_pid}')) end
    local function front() return words(fields(pid()).front, 'cmdline') end
    local function screen() return (world:tmux('capture-pane', '-p', '-t', 'main'):gsub('\n+$', '')) end
    local function keys(...) world:tmux('send-keys', '-t', 'main', ...) end
    local function await_front(argv)
      world:wait(function() return vim.deep_equal(argv, front()) end, 'in front: ' .. vim.inspect(argv), nil, function()
        return vim.inspect(front()) .. '\n' .. screen()
      end)
    end
    local function await_text(text)
      world:wait(function() return screen():find(text, 1, true) end, text, nil, screen)
    end
    -- The pane's own process is the shell, in front, and takes a command.
    local function await_shell()
      world:wait(function() return fields(pid()).front == pid() and words(pid(), 'cmdline')[1]:find(name, 1, true) end, 'the shell',
        nil, function() return vim.inspect(front()) .. '\n' .. screen() end)
      os.remove(world.dir .. '/alive')
      keys('-l', 'echo yes >' .. world.dir .. '/alive\n')
      world:wait(function() return world:read('alive') == 'yes\n' end, 'a shell that listens', nil, screen)
    end

    before_each(function()
      world = worlds.new({ conf = { "set -g default-command ''", 'set -g default-shell ' .. path } })
      world.env.SHELL = path
    end)
    after_each(function()
      assert.is_nil(uv.fs_stat(world.home .. '/canary'))
      world:close()
    end)

    local tail = { 'tail', '-F', '--' }
    vim.list_extend(tail, hostile)

    describe('with the supervisor', function()
      local function start(pane, host)
        world:write(shell.rc, shell.quiet)
        local id = stored.write(world, { vim.tbl_extend('keep', pane, { index = 0, cwd = world.dir .. '/tmp', title = '' }) }, host)
        world:start_tmux('-s', 'main', '--', world.repo .. '/build/kra', 'exec', id .. '/0')
      end

      it('shows the program alone in front, its arguments exact', function()
        start({ argv = tail })
        await_front(tail)
        assert.equals(world.dir .. '/tmp', uv.fs_readlink('/proc/' .. fields(pid()).front .. '/cwd'))
        for _, entry in ipairs(words(fields(pid()).front, 'environ')) do
          assert.is_nil(entry:find('^KRA_RESTORE='))
          assert.is_nil(entry:find('^KRA_EDITOR='))
        end
      end)

      it('tells an editor who it is', function()
        start({ argv = { 'tail', '-f', '/dev/null' }, editor = 'some-editor' })
        await_front({ 'tail', '-f', '/dev/null' })
        local environment = words(fields(pid()).front, 'environ')
        assert.truthy(vim.tbl_contains(environment, 'KRA_EDITOR=some-editor'))
        assert.truthy(vim.tbl_contains(environment, 'KRA_GENERATION=server-1/work-1/1'))
      end)

      it('leaves the login shell when Ctrl-C ends it', function()
        start({ argv = tail })
        await_front(tail)
        keys('C-c')
        await_shell()
        assert.same({ '-' .. name }, { words(pid(), 'cmdline')[1] })
        keys('-l', 'exit\n')
        world:wait(function() return not pcall(world.tmux, world, 'has-session', '-t', 'main') end, 'the end of the pane')
      end)

      it('gives the shell on Ctrl-Z and the program back after it', function()
        start({ argv = tail })
        await_front(tail)
        local program = fields(pid()).front
        for _ = 1, 2 do
          keys('C-z')
          await_text('is stopped; `exit` goes back to it')
          world:wait(function() return front()[1] == '-' .. name end, 'the shell in front', nil, screen)
          assert.equals('T', fields(program).state)
          os.remove(world.dir .. '/alive')
          keys('-l', 'echo yes >' .. world.dir .. '/alive\n')
          world:wait(function() return world:read('alive') == 'yes\n' end, 'a shell that listens', nil, screen)
          keys('-l', 'exit\n')
          await_front(tail)
          assert.equals(program, fields(pid()).front)
          world:wait(function() return fields(program).state == 'S' end, 'a program that goes on')
          world:tmux('clear-history', '-t', 'main')
          keys('-R')
        end
        keys('C-c')
        await_shell()
      end)

      it('takes default-command as tmux does', function()
        start({ argv = tail })
        await_front(tail)
        world:tmux('set-option', '-g', 'default-command', 'exec sleep 300')
        keys('C-c')
        world:wait(function() return vim.deep_equal(words(pid(), 'cmdline'), { 'sleep', '300' }) end, 'the default command')
      end)

      it('shows what it must not start, and starts it on Enter', function()
        start({ argv = { 'sleep', '4\n00;touch canary' } })
        await_text("sleep '4\\x0a00;touch canary'")
        await_text('sleep is not in restore.programs')
        keys('x')
        await_shell()
        world:tmux('kill-session', '-t', 'main')
        start({ argv = { 'sleep', '400' } })
        await_text('Enter runs it')
        keys('Enter')
        await_front({ 'sleep', '400' })
        keys('C-c')
        await_shell()
      end)

      it('starts nothing of another host by itself', function()
        start({ argv = tail }, 'elsewhere')
        await_text('saved on another machine')
        keys('C-c')
        await_shell()
      end)

      it('says why a program cannot start, and leaves the shell', function()
        start({ argv = { 'tail', '/dev/null' }, resume = { '/no/such/program', 'x' } })
        await_text('kra: /no/such/program: not found')
        await_shell()
        world:tmux('kill-session', '-t', 'main')
        world:start_tmux('-s', 'main', '--', world.repo .. '/build/kra', 'exec', 'server-1/gone-1/7/0')
        await_text('kra: ')
        await_shell()
      end)
    end)

    describe('as a job', function()
      local function start(pane)
        world:write(shell.rc, shell.quiet .. 'source ' .. world.repo .. '/shell/kra.' .. name .. '\n')
        world:write('home/.bash_profile', '. ~/.bashrc\n')
        local id = stored.write(world, { vim.tbl_extend('keep', pane, { index = 0, cwd = world.dir .. '/tmp', title = '' }) })
        world:start_tmux('-s', 'main', '-e', 'KRA_RESTORE=' .. id .. '/0')
      end

      it('shows the program alone in front, its arguments exact', function()
        start({ argv = tail, editor = 'some-editor' })
        await_front(tail)
        local program = fields(pid()).front
        assert.equals(program, fields(program).group)
        assert.equals(world.dir .. '/tmp', uv.fs_readlink('/proc/' .. program .. '/cwd'))
        local environment = words(program, 'environ')
        assert.truthy(vim.tbl_contains(environment, 'KRA_EDITOR=some-editor'))
        assert.truthy(vim.tbl_contains(environment, 'KRA_SHELL=' .. pid()))
        for _, entry in ipairs(environment) do assert.is_nil(entry:find('^KRA_RESTORE=')) end
      end)

      it('leaves the shell when Ctrl-C ends it', function()
        start({ argv = tail })
        await_front(tail)
        keys('C-c')
        await_shell()
        keys('-l', ('sh -c \'echo "<$KRA_RESTORE$KRA_EDITOR>" >%s/left\'\n'):format(world.dir))
        world:wait(function() return world:read('left') == '<>\n' end, 'an environment without it', nil, screen)
      end)

      it('stops on Ctrl-Z, is listed, and comes back with fg', function()
        start({ argv = tail })
        await_front(tail)
        local program = fields(pid()).front
        keys('C-z')
        await_shell()
        assert.equals('T', fields(program).state)
        keys('-l', 'jobs >' .. world.dir .. '/jobs; echo done >>' .. world.dir .. '/jobs\n')
        world:wait(function() return (world:read('jobs') or ''):find('exec %-%-job.*done') end, 'the list of jobs', nil, screen)
        keys('-l', 'fg\n')
        await_front(tail)
        assert.equals(program, fields(pid()).front)
        keys('C-c')
        await_shell()
      end)

      it('stays out of the history', function()
        start({ argv = tail })
        await_front(tail)
        keys('C-c')
        await_shell()
        keys('-l', shell.history .. ' >' .. world.dir .. '/history; echo done >>' .. world.dir .. '/history\n')
        world:wait(function() return (world:read('history') or ''):find('done') end, 'the history', nil, screen)
        assert.truthy(world:read('history'):find('alive', 1, true), world:read('history'))
        assert.is_nil(world:read('history'):find('--job', 1, true), world:read('history'))
      end)

      it('asks as the supervisor does', function()
        start({ argv = { 'sleep', '400' } })
        await_text('Enter runs it')
        keys('Enter')
        await_front({ 'sleep', '400' })
        keys('C-c')
        await_shell()
        world:tmux('kill-session', '-t', 'main')
        start({ argv = { 'sleep', '400' } })
        await_text('Enter runs it')
        keys('Up')
        await_shell()
      end)

      it('says why a program cannot start', function()
        start({ argv = { 'tail' }, resume = { '/no/such/program' } })
        await_text('kra: /no/such/program: not found')
        await_shell()
      end)
    end)

    describe('through save, crash and restore', function()
      local program = { 'tail', '-F', '--', 'a b', '$(touch canary)', ';' }

      local function kra(...)
        local result = world:kra(...)
        assert.equals(0, result.code, (result.stdout or '') .. (result.stderr or ''))
        return result.stdout
      end
      local function saved()
        kra('save', 'work')
        local pane = vim.json.decode(kra('show', 'work', '--json')).sessions[1].windows[1].panes[1]
        return pane.argv
      end
      local function start(loads)
        world:write(shell.rc, shell.quiet .. (loads and 'source ' .. world.repo .. '/shell/kra.' .. name .. '\n' or ''))
        world:write('home/.bash_profile', '. ~/.bashrc\n')
        world:start_tmux()
        await_shell()
        assert.same({}, saved())
        keys('-l', "tail -F -- 'a b' '$(touch canary)' ';'\n")
        await_front(program)
      end
      local function crash()
        world:crash_tmux()
        kra('restore', 'work')
        await_front(program)
      end

      for _, loads in ipairs({ true, false }) do
        it('comes back, twice, ' .. (loads and 'as a job' or 'with the supervisor'), function()
          start(loads)
          assert.same(program, saved())
          crash()
          assert.same(program, saved())
          local leader = words(pid(), 'cmdline')
          assert.equals(loads, leader[2] ~= 'exec', vim.inspect(leader))
          crash()
          assert.same(program, saved())
          if not loads then
            keys('C-z')
            await_text('goes back to it')
            world:wait(function() return front()[1] == '-' .. name end, 'the shell meanwhile')
            assert.same(program, saved())
            keys('-l', 'exit\n')
            await_front(program)
          end
          keys('C-c')
          await_shell()
          assert.same({}, saved())
        end)
      end

      it('is remembered while it asks', function()
        start(true)
        keys('C-c')
        await_shell()
        keys('-l', 'sleep 400\n')
        await_front({ 'sleep', '400' })
        assert.same({ 'sleep', '400' }, saved())
        world:crash_tmux()
        kra('restore', 'work')
        await_text('Enter runs it')
        assert.same({ 'sleep', '400' }, saved())
        keys('Enter')
        await_front({ 'sleep', '400' })
      end)

      it('gives way to what was noted', function()
        start(true)
        assert.equals(0, world:run({ world.repo .. '/build/kra', 'note', 'resume', '--', 'sleep', '4 0' }, { env = world:inside('main') }).code)
        saved()
        world:crash_tmux()
        kra('restore', 'work')
        await_text('sleep: invalid time interval')
        await_shell()
      end)
    end)
  end)
end
