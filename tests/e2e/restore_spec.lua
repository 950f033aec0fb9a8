-- A workspace that was saved, killed and restored, on a real tmux server.
local worlds = require('tests.helpers.world')

describe('kra restore', function()
  local world

  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  local function tmux(...) return world:tmux(...) end
  local function lines(...) return vim.split(tmux(...), '\n') end

  local function save(...)
    local result = world:kra('save', ...)
    assert.same(0, result.code, result.stderr)
  end
  local function restore(...)
    local words = { 'restore', '--json', ... }
    local result = world:kra(unpack(words))
    assert.is_true(result.code == 0 or result.code == 4, result.stderr .. result.stdout)
    return vim.json.decode(result.stdout), result.code
  end
  local function shown(name)
    local result = world:kra('show', name, '--json')
    assert.same(0, result.code, result.stderr)
    local value = vim.json.decode(result.stdout)
    return { value.sessions, value.active_session, value.last_session }
  end
  -- Every pane has its program in front, so that a save sees what will be compared.
  local function settle()
    world:wait(function()
      for _, line in ipairs(lines('list-panes', '-a', '-F', '#{pane_dead} #{pane_current_command} #{pane_current_path}')) do
        if not line:find('^0 %S+ /') or line:find(' kra ') then return false end
      end
      return true
    end, 'programs in all panes')
  end
  local function windows() return lines('list-windows', '-a', '-F', '#{session_name}:#{window_index}:#{window_name}:#{window_panes}') end
  local function client_session() return tmux('list-clients', '-F', '#{client_session}') end

  -- Saves as `w` while somebody looks at the session `first`, and ends the server; what was saved comes back.
  local function crash_saved()
    settle()
    world:attach('first')
    save('w')
    world:crash_tmux()
    return shown('w@1')
  end

  it('gives back an equal workspace', function()
    vim.fn.mkdir(world.home .. '/a b;\'"$(touch canary)', 'p')
    vim.fn.mkdir(world.home .. '/d', 'p')
    world:start_tmux('-s', 'work', '-x', '120', '-y', '40', '-c', world.home .. '/a b;\'"$(touch canary)')
    tmux('split-window', '-h', '-t', 'work:', '-c', world.home .. '/d', 'exec less /etc/passwd')
    tmux('split-window', '-v', '-t', 'work:')
    tmux('select-pane', '-t', 'work:.0')
    tmux('rename-window', '-t', 'work:', 'two  spaces 100% $(x) `y`')
    tmux('new-window', '-t', 'work:5', '-c', world.home .. '/d')
    tmux('split-window', '-t', 'work:5')
    tmux('resize-pane', '-Z', '-t', 'work:5.1')
    tmux('new-session', '-d', '-s', 'other', '-x', '100', '-y', '30')
    for _ = 1, 11 do
      tmux('split-window', '-t', 'other:0')
      tmux('select-layout', '-t', 'other:0', 'tiled')
    end
    tmux('link-window', '-d', '-s', 'work:5', '-t', 'other:9')
    tmux('new-session', '-d', '-t', 'other', '-s', 'companion')
    tmux('set-option', '-w', '-t', 'work:5', 'synchronize-panes', 'on')
    settle()
    save('w')
    world:crash_tmux()

    local told = restore('w')
    assert.same({}, told.failed)
    assert.same({ 'companion', 'other', 'work' }, (function()
      table.sort(told.restored)
      return told.restored
    end)())
    settle()
    local before = shown('w@1')
    save('w')
    assert.same(before, shown('w'))
    assert.is_nil(vim.uv.fs_stat(world.home .. '/canary'))
    assert.same('', tmux('show-options', '-gqv', '@kra_restoring'))
    assert.same('', tmux('show-options', '-gqv', '@kra_x'))
  end)

  it('keeps indexes whatever base-index says', function()
    world:start_tmux('-s', 'work')
    tmux('new-window', '-t', 'work:7')
    settle()
    save('w')
    world:crash_tmux()
    world:write(world.conf, (world:read(world.conf)) .. 'set -g base-index 1\nsetw -g pane-base-index 1\nset -g renumber-windows on\n')
    restore('w')
    assert.same({ '0', '7' }, lines('list-windows', '-t', 'work', '-F', '#{window_index}'))
  end)

  it('gives windows names with a dollar as they were', function()
    world:start_tmux('-s', 'main', '-n', '$HOME')
    tmux('new-window', '-t', 'main:3', '-n', 'a ${X}')
    tmux('new-window', '-t', 'main:4', '-n', '$5 $')
    settle()
    local before = lines('list-windows', '-t', 'main', '-F', '#{window_name}')
    assert.same({ '$HOME', 'a ${X}', '$5 $' }, before)
    save('w')
    world:crash_tmux()
    assert.same({}, restore('w').failed)
    assert.same(before, lines('list-windows', '-t', 'main', '-F', '#{window_name}'))
    assert.same('', tmux('show-options', '-gqv', '@kra_n'))
  end)

  it('leaves a taken name alone, and renames or replaces on request', function()
    world:start_tmux('-s', 'work')
    tmux('new-session', '-d', '-s', 'side')
    settle()
    save('w')
    tmux('kill-session', '-t', 'side')
    tmux('rename-window', '-t', 'work:0', 'mine')
    tmux('send-keys', '-t', 'work:0', 'echo typed', 'Enter')
    world:wait(function() return tmux('capture-pane', '-p', '-t', 'work:0'):find('\ntyped\n') end, 'typed text')

    local told, code = restore('w')
    assert.same(4, code)
    assert.same({ 'work' }, told.taken)
    assert.same({ 'side' }, told.restored)

    told = restore('w', '--session', 'work', '--rename', 'again')
    assert.same({ 'again' }, told.restored)
    assert.is_truthy(vim.tbl_contains(windows(), 'work:0:mine:1'))

    tmux('kill-session', '-t', 'again')
    told = restore('w', '--session', 'work', '--replace')
    assert.same({ 'work' }, told.replaced)
    assert.is_falsy(vim.tbl_contains(windows(), 'work:0:mine:1'))
    local undone = world:kra('undo')
    assert.same(0, undone.code, undone.stderr)
    assert.is_truthy(vim.tbl_contains(windows(), 'work:0:mine:1'))
  end)

  it('takes a fresh session over, its client included', function()
    world:start_tmux('-s', 'main')
    tmux('new-window', '-t', 'main:4', '-n', 'four')
    settle()
    save('w')
    world:crash_tmux()
    world:start_tmux('-s', 'main')
    settle()
    world:attach('main')
    local told = restore('w')
    assert.same({ 'main' }, told.fresh)
    assert.is_truthy(vim.tbl_contains(windows(), 'main:4:four:1'))
    assert.same('main', client_session())
  end)

  it('takes over the fresh session of each shell', function()
    for _, shell in ipairs({ 'bash --norc --noprofile', 'zsh -f', 'fish --no-config' }) do
      world:write(world.conf, (world:read(world.conf):gsub('default%-command [^\n]*', ('default-command "exec %s"'):format(shell))))
      world:start_tmux('-s', 'main')
      settle()
      world:wait(function() return tmux('capture-pane', '-p', '-t', 'main'):find('[$#%%>] *\n*$') end, 'a prompt of ' .. shell)
      save(shell:match('%l+'))
      local told = restore(shell:match('%l+'), '--dry-run')
      assert.same({ 'main' }, told.fresh, shell)
      world:crash_tmux()
    end
  end)

  it('does not take over a shell that was used, whatever its screen shows', function()
    world:start_tmux('-s', 'main')
    tmux('new-window', '-t', 'main:4')
    settle()
    save('w')
    tmux('kill-session', '-t', 'main')
    local function empty()
      return tmux('display-message', '-p', '-t', 'main', '#{history_size} #{cursor_y}') == '0 0'
        and tmux('capture-pane', '-p', '-t', 'main'):find('^%S*[$#]')
    end
    local used = {
      'X=mine; sleep 0.7; clear',
      'cd /usr; printf "\\033[H\\033[2J\\033[3J"',
      'sleep 600 & disown; clear',
    }
    for _, line in ipairs(used) do
      world:start_tmux('-s', 'main')
      settle()
      world:wait(function() return tmux('capture-pane', '-p', '-t', 'main'):find('[$#]') end, 'a prompt')
      tmux('send-keys', '-t', 'main', line .. '; touch ~/done', 'Enter')
      world:wait(function() return vim.uv.fs_stat(world.home .. '/done') end, line)
      vim.fn.delete(world.home .. '/done')
      world:wait(empty, 'a cleared screen after ' .. line, nil, function() return tmux('capture-pane', '-p', '-t', 'main') end)
      local told, code = restore('w')
      assert.same(4, code, line)
      assert.same({ 'main' }, told.taken)
      tmux('kill-session', '-t', 'main')
    end
  end)

  it('does not take over a shell in which more was typed than the command that restores', function()
    world:start_tmux('-s', 'main')
    tmux('new-window', '-t', 'main:4')
    settle()
    save('w')
    local function screen() return (tmux('capture-pane', '-p', '-t', 'main')) end
    -- Key by key, as people do.
    local function type_line(text)
      for at = 1, #text do
        tmux('send-keys', '-t', 'main', '-l', text:sub(at, at))
        world:wait(function() return screen():find(vim.trim(text:sub(1, at)), 1, true) end, 'an echo', nil, screen)
      end
      tmux('send-keys', '-t', 'main', 'Enter')
    end
    for _, before in ipairs({ '', 'X=mine Y=yours Z=theirs V=everybodys W=nobodys' }) do
      world:crash_tmux()
      world:start_tmux('-s', 'main')
      settle()
      world:wait(function() return screen():find('[$#]') end, 'a prompt')
      if before ~= '' then
        type_line(before)
        tmux('send-keys', '-t', 'main', 'C-l')
        world:wait(function() return not screen():find('mine', 1, true) end, 'a cleared screen')
        tmux('clear-history', '-t', 'main')
      end
      type_line('kra restore w -n --json >~/told')
      world:wait(function() return (world:read('home/told') or ''):find('\n') end, 'the plan')
      assert.same(before == '' and { 'main' } or {}, vim.json.decode(world:read('home/told')).fresh, before)
      vim.fn.delete(world.home .. '/told')
    end
  end)

  it('gives back a fresh session that it took over when it is asked for it', function()
    world:start_tmux('-s', 'main')
    tmux('new-window', '-t', 'main:4')
    settle()
    save('w')
    tmux('kill-window', '-t', 'main:4')
    save('w')
    tmux('kill-session', '-t', 'main')
    world:start_tmux('-s', 'main', '-c', '/')
    settle()
    assert.same({ 'main' }, restore('w').fresh)
    local items = vim.json.decode(world:kra('undo', '--list', '--json').stdout).items
    assert.same({ 'main', true, true }, { items[1].where, items[1].replaced, items[1].fresh })
    assert.same({ 'main:4', false, false }, { items[2].where, items[2].replaced, items[2].fresh })
    -- What was closed by hand, not the empty shell.
    assert.same(0, world:kra('undo').code)
    assert.same({ '0', '4' }, lines('list-windows', '-t', 'main', '-F', '#{window_index}'))
    local nothing = world:kra('undo')
    assert.same(3, nothing.code)
    assert.is_truthy(nothing.stderr:find('kra undo ' .. items[1].id, 1, true), nothing.stderr)
    assert.same(3, world:kra('undo', '99').code)
    assert.same(2, world:kra('undo', 'x').code)
    assert.same(0, world:kra('undo', tostring(items[1].id)).code)
    assert.same({ '0' }, lines('list-windows', '-t', 'main', '-F', '#{window_index}'))
    settle()
    assert.same('/', tmux('display-message', '-p', '-t', 'main', '#{pane_current_path}'))
  end)

  it('moves the client of a bare tmux into the restored workspace', function()
    world:start_tmux('-s', 'main')
    settle()
    save('w')
    world:crash_tmux()
    tmux('new-session', '-d')
    settle()
    world:attach('')
    local told = restore('w')
    assert.same({ '0' }, told.fresh)
    assert.same({ 'main' }, lines('list-sessions', '-F', '#{session_name}'))
    assert.same('main', client_session())
  end)

  it('starts in the nearest parent of a directory that is gone, and says so', function()
    vim.fn.mkdir(world.home .. '/src/deep', 'p')
    world:start_tmux('-s', 'main', '-c', world.home .. '/src/deep')
    settle()
    save('w')
    world:crash_tmux()
    vim.fn.delete(world.home .. '/src/deep', 'rf')
    local told = restore('w')
    assert.is_truthy(told.notes[1]:find('src/deep', 1, true))
    world:wait(function() return tmux('display-message', '-p', '-t', 'main', '#{pane_current_path}') == world.home .. '/src' end, 'the parent')
  end)

  it('shows every step and does nothing with --dry-run', function()
    world:start_tmux('-s', 'main')
    tmux('split-window', '-t', 'main', 'exec less /etc/passwd')
    settle()
    save('w')
    world:crash_tmux()
    local result = world:kra('restore', 'w', '--dry-run')
    assert.same(0, result.code, result.stderr)
    assert.is_truthy(result.stdout:find('session main', 1, true))
    assert.is_truthy(result.stdout:find('starts: less /etc/passwd', 1, true))
    assert.not_same(0, world:run({ world.tmux_program, '-S', world.socket, 'has-session' }).code)
  end)

  it('fills a lazy session when it is visited, and saves it whole before', function()
    world:start_tmux('-s', 'first')
    tmux('new-session', '-d', '-s', 'second')
    tmux('new-window', '-t', 'second:3', '-n', 'three')
    tmux('split-window', '-t', 'second:3')
    crash_saved()
    local told = restore('w', '--lazy')
    assert.same({ 'second' }, told.lazy)
    assert.same(1, #lines('list-windows', '-t', 'second', '-F', 'x'))

    local before = shown('w@1')
    save('w')
    assert.same(before[1][2], shown('w')[1][2])

    world:attach('second')
    local function filled() return vim.tbl_contains(windows(), 'second:3:three:2') end
    world:wait(filled, 'the windows of the visited session', nil, function() return vim.inspect(windows()) end)
    assert.same({ '0', '3' }, lines('list-windows', '-t', 'second', '-F', '#{window_index}'))
    world:wait(function() return not tmux('show-hooks', '-g'):find('[188]', 1, true) end, 'the end of our hooks')
  end)

  it('fills a lazy session beside what was opened in it, with shells only where that was asked for', function()
    world:start_tmux('-s', 'first')
    tmux('new-window', '-t', 'first:3', '-n', 'three')
    tmux('new-session', '-d', '-s', 'second', '-n', 'saved', 'exec less /etc/passwd')
    tmux('new-session', '-d', '-s', 'third')
    crash_saved()
    restore('w', '--lazy', '--no-programs')
    -- Takes the place of the saved one.
    tmux('new-window', '-d', '-t', 'second:0', '-n', 'mine')
    settle()
    save('w')
    local names = {}
    for _, window in ipairs(shown('w')[1][2].windows) do names[#names + 1] = window.index .. window.name end
    assert.same({ '0mine', '1saved' }, names)
    world:attach('second')
    local function filled() return vim.tbl_contains(windows(), 'second:1:saved:1') end
    world:wait(filled, 'the saved window', nil, function() return vim.inspect(windows()) end)
    assert.is_truthy(vim.tbl_contains(windows(), 'second:0:mine:1'))
    settle()
    assert.same('bash', tmux('display-message', '-p', '-t', 'second:1', '#{pane_current_command}'))
  end)

  it('has the active session in front after a lazy restore', function()
    world:start_tmux('-s', 'first')
    tmux('new-window', '-t', 'first:3', '-n', 'three')
    tmux('select-window', '-t', 'first:0')
    tmux('new-session', '-d', '-s', 'second')
    tmux('new-session', '-d', '-s', 'third')
    local before = crash_saved()
    world:write(world.conf, (world:read(world.conf)) .. 'set -g renumber-windows on\n')
    restore('w', '--lazy')
    assert.same({ 'first', 'second', 'third' }, lines('list-sessions', '-F', '#{session_name}'))
    assert.same({ '0', '3' }, lines('list-windows', '-t', 'first', '-F', '#{window_index}'))
    settle()
    save('w')
    assert.same(before[1][1].windows, shown('w')[1][1].windows)
    -- Without a target.
    world:attach()
    assert.same('first', client_session())
  end)

  it('has the active session in front when it shares its windows', function()
    world:start_tmux('-s', 'first')
    tmux('new-window', '-t', 'first:3', '-n', 'three')
    tmux('new-session', '-d', '-t', 'first', '-s', 'mate')
    tmux('select-window', '-t', 'first:0')
    tmux('new-session', '-d', '-s', 'second')
    tmux('new-session', '-d', '-s', 'third')
    local before = crash_saved()
    restore('w', '--lazy')
    assert.same({ 'first', 'mate', 'second', 'third' }, lines('list-sessions', '-F', '#{session_name}'))
    settle()
    save('w')
    local after = shown('w')
    for at = 1, 4 do assert.same({ before[1][at].name, before[1][at].windows }, { after[1][at].name, after[1][at].windows }) end
    -- Without a target.
    world:attach()
    assert.same('first', client_session())
  end)

  it('attaches to the active session after a lazy restore', function()
    world:start_tmux('-s', 'first')
    tmux('new-session', '-d', '-s', 'second')
    crash_saved()
    vim.fn.jobstart({ 'env', '-u', 'NVIM', world.repo .. '/build/kra', 'restore', 'w', '--lazy', '--attach' },
      { pty = true, width = 200, height = 50, env = world.env, clear_env = true })
    world:wait(function()
      local clients = world:run({ world.tmux_program, '-S', world.socket, 'list-clients', '-F', '#{client_session}' })
      return clients.code == 0 and clients.stdout == 'first\n'
    end, 'a client of the active session')
  end)

  it('does not wait for a daemon that is stopped', function()
    world:start_tmux('-s', 'main')
    settle()
    save('w')
    assert.same(0, world:kra('daemon', 'start').code)
    local pid = vim.json.decode(world:kra('status', '--json').stdout).daemon.pid
    vim.uv.kill(pid, 'sigstop')
    local told, code = restore('w', '--session', 'main', '--rename', 'again')
    vim.uv.kill(pid, 'sigcont')
    assert.same({ { 'again' }, 0 }, { told.restored, code })
  end)

  it('replaces nothing when the daemon stops answering while it is to save', function()
    world:start_tmux('-s', 'main')
    tmux('new-window', '-t', 'main:4')
    settle()
    save('w')
    world:kra('daemon', 'stop')
    -- One that greets until it is asked to save, and then says nothing any more.
    local silent, server = false, assert(vim.uv.new_pipe())
    vim.fn.mkdir(world.dir .. '/run/kra', 'p', tonumber('700', 8))
    assert(server:bind(world.dir .. '/run/kra/kra.sock'))
    local clients = {}
    server:listen(16, function()
      local client = assert(vim.uv.new_pipe())
      server:accept(client)
      table.insert(clients, client)
      client:read_start(function(_, bytes)
        local message = bytes and vim.mpack.decode(bytes)
        if not message or message[1] ~= 0 then return end
        silent = silent or message[3] == 'save'
        if not silent then client:write(vim.mpack.encode({ 1, message[2], vim.NIL, { proto = 1, version = '0.1.0', pid = 1 } })) end
      end)
    end)
    local result = world:kra('restore', 'w', '--session', 'main', '--replace')
    server:close()
    for _, client in ipairs(clients) do client:close() end
    assert.is_true(silent, result.stdout .. result.stderr)
    assert.same(1, result.code, result.stderr)
    assert.is_truthy(result.stderr:find('stopped answering, so nothing was replaced', 1, true), result.stderr)
    assert.same({ 'main' }, lines('list-sessions', '-F', '#{session_name}'))
    assert.same(3, world:kra('undo').code)
  end)

  it('tells who visits a lazy session that cannot be filled', function()
    world:start_tmux('-s', 'first')
    tmux('new-session', '-d', '-s', 'second')
    crash_saved()
    restore('w', '--lazy')
    tmux('set-option', '-t', 'second', '@kra_lazy', (tmux('show-options', '-v', '-t', 'second', '@kra_lazy'):gsub('/%d+/', '/999/')))
    world:attach('second')
    local client = tmux('list-clients', '-F', '#{client_name}')
    local function said() return tmux('show-messages', '-t', client) end
    world:wait(function() return said():find('could not be filled', 1, true) end, 'what went wrong', nil, said)
  end)

  it('says on a terminal that it is at work when it takes long, and takes that back', function()
    world:start_tmux('-s', 'main')
    settle()
    save('w')
    world:crash_tmux()
    -- A tmux that takes its time.
    local slow = world:write('bin/slow-tmux', ('#!/bin/sh\nsleep 0.8\nexec %s "$@"\n'):format(world.tmux_program))
    vim.uv.fs_chmod(slow, tonumber('755', 8))
    local seen = {}
    local job = vim.fn.jobstart({ 'env', '-u', 'NVIM', 'KRA_TMUX=' .. slow, world.repo .. '/build/kra', 'restore', 'w' },
      { pty = true, width = 80, env = world.env, clear_env = true, on_stdout = function(_, data) vim.list_extend(seen, data) end })
    assert.same(0, vim.fn.jobwait({ job }, 20000)[1])
    local text = table.concat(seen, '\n')
    local _, last = text:find('.*kra: restoring w, %d+ s')
    assert.is_truthy(last, text)
    assert.is_truthy(text:find('\r\27[K', last, true), text)
    assert.is_truthy(text:find('restored w@1', last, true), text)
    assert.same(nil, world:kra('restore', 'w', '--rename', 'x').stderr:find('restoring', 1, true))
  end)

  describe('of a repository that is gone', function()
    local repo, bare

    local function git(cwd, ...) world:check({ 'git', ... }, { cwd = cwd }) end
    local function stat(path) return vim.uv.fs_stat(path) end

    before_each(function()
      repo, bare = world.home .. '/src/my repo', world.home .. '/bare.git'
      vim.fn.mkdir(repo .. '/sub', 'p')
      git(world.home, 'init', '-q', '--bare', '-b', 'main', bare)
      git(repo, 'init', '-q', '-b', 'main')
      world:write(repo .. '/sub/file', 'main\n')
      git(repo, 'add', '.')
      git(repo, 'commit', '-q', '-m', 'one')
      git(repo, 'remote', 'add', 'origin', '../../bare.git')
      git(repo, 'checkout', '-q', '-b', 'topic/one')
      world:write(repo .. '/sub/file', 'topic\n')
      git(repo, 'commit', '-q', '-a', '-m', 'two')
      git(repo, 'push', '-q', 'origin', 'main', 'topic/one')
      world:start_tmux('-s', 'main', '-c', repo .. '/sub')
      settle()
      save('w')
      world:crash_tmux()
      vim.fn.delete(world.home .. '/src', 'rf')
    end)

    -- A restore on a terminal: what stood on it and the exit code. `keys` are pressed at the question, one set for each run of it.
    local function on_terminal(keys)
      local seen, asked = '', 0
      local job = vim.fn.jobstart({ 'env', '-u', 'NVIM', world.repo .. '/build/kra', 'restore', 'w' }, {
        pty = true, width = 300, env = world.env, clear_env = true,
        on_stdout = function(id, data)
          seen = seen .. table.concat(data, '\n')
          local _, questions = seen:gsub('%[y/N%] ', '')
          if questions > asked then vim.fn.chansend(id, keys) end
          asked = questions
        end,
      })
      local code = vim.fn.jobwait({ job }, 30000)[1]
      return seen, code, asked
    end
    local function starts_in(path)
      world:wait(function() return tmux('display-message', '-p', '-t', 'main', '#{pane_current_path}') == path end, path)
    end
    local function leftovers()
      return vim.fn.glob(world.home .. '/.kra-clone-*', true, true), vim.fn.glob(world.home .. '/src/.kra-clone-*', true, true)
    end

    it('only shows the command without a terminal', function()
      local told = restore('w')
      assert.same({ { root = repo, remote = '../../bare.git', branch = 'topic/one' } }, told.missing)
      assert.is_truthy(table.concat(told.notes, '\n'):find("git clone -- ../../bare.git '" .. repo .. "'", 1, true))
      assert.is_nil(stat(repo))
      starts_in(world.home)
    end)

    it('clones it on a yes, and panes start in it', function()
      local hooks = world.home .. '/hooks'
      world:write(hooks .. '/post-checkout', '#!/bin/sh\ntouch ' .. world.home .. '/fired\n')
      vim.uv.fs_chmod(hooks .. '/post-checkout', tonumber('755', 8))
      git(world.home, 'config', '--global', 'core.hooksPath', hooks)
      local text, code, asked = on_terminal('y')
      assert.same({ 0, 1 }, { code, asked }, text)
      assert.is_truthy(text:find('Clone it from ' .. bare, 1, true), text)
      assert.same('topic\n', world:read(repo .. '/sub/file'))
      assert.same('topic/one', world:check({ 'git', 'branch', '--show-current' }, { cwd = repo }))
      assert.same(bare, world:check({ 'git', 'remote', 'get-url', 'origin' }, { cwd = repo }))
      assert.is_nil(stat(world.home .. '/fired'))
      starts_in(repo .. '/sub')
      assert.same({ {}, {} }, { leftovers() })
      -- All is there: nothing to ask.
      assert.same(0, select(3, on_terminal('')))
    end)

    it('leaves it on any other key, and when it is not to ask', function()
      local text, code, asked = on_terminal('\r')
      assert.same({ 0, 1 }, { code, asked }, text)
      assert.is_nil(stat(world.home .. '/src'))
      starts_in(world.home)
      world:tmux('kill-server')
      world:write('config/kra/config.yaml', 'restore: {clone_missing: never}\n')
      assert.same(0, select(3, on_terminal('')))
    end)

    it('restores what there is when git fails', function()
      vim.fn.delete(bare, 'rf')
      local text, code = on_terminal('y')
      assert.same(0, code, text)
      assert.is_truthy(text:find('was not cloned', 1, true), text)
      assert.is_nil(stat(world.home .. '/src'))
      assert.same({ {}, {} }, { leftovers() })
      starts_in(world.home)
    end)

    it('stops at Ctrl-C and leaves nothing half', function()
      local text, code = on_terminal('\3')
      assert.same(1, code, text)
      -- A git that has made its directory and goes no further.
      local slow = world:write('slow/git', '#!/bin/bash\nmkdir -p "${@: -1}/.git"\n: >' .. world.home .. '/began\nexec sleep 60\n')
      vim.uv.fs_chmod(slow, tonumber('755', 8))
      local seen = ''
      local path = 'PATH=' .. world.dir .. '/slow:' .. world.env.PATH
      local job = vim.fn.jobstart({ 'env', '-u', 'NVIM', path, world.repo .. '/build/kra', 'restore', 'w' }, {
        pty = true, env = world.env, clear_env = true,
        on_stdout = function(id, data)
          if not seen:find('y/N', 1, true) and table.concat(data):find('y/N', 1, true) then vim.fn.chansend(id, 'y') end
          seen = seen .. table.concat(data, '\n')
        end,
      })
      world:wait(function() return stat(world.home .. '/began') end, 'the beginning of the clone', nil, function() return seen end)
      assert.same(1, #(leftovers()))
      vim.fn.chansend(job, '\3')
      assert.same(1, vim.fn.jobwait({ job }, 20000)[1], seen)
      assert.is_truthy(seen:find('stopped; nothing was restored', 1, true), seen)
      assert.same({ {}, {} }, { leftovers() })
      assert.is_nil(stat(world.home .. '/src'))
      assert.is_not.same(0, world:run({ world.tmux_program, '-S', world.socket, 'list-sessions' }).code)
    end)
  end)

  it('refuses what cannot be', function()
    assert.same(3, world:kra('restore').code)
    world:start_tmux('-s', 'main')
    settle()
    save('w')
    assert.same(3, world:kra('restore', 'nothing').code)
    local result = world:kra('restore', 'w', '--session', 'x')
    assert.is_truthy(result.stderr:find('main', 1, true))
  end)
end)
