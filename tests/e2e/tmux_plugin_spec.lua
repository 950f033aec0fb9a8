-- kra.tmux in real servers: what it brings, what it leaves alone, what it takes away again.
local worlds = require('tests.helpers.world')
local uv = vim.uv

describe('kra.tmux', function()
  local world

  before_each(function() world = worlds.new() end)
  after_each(function() assert.same({}, world:close()) end)

  -- As plugin managers and people do: from inside the server, waited for.
  local function load(dir) world:tmux('run-shell', (dir or world.repo) .. '/kra.tmux') end
  local function uninstall() world:tmux('run-shell', world.repo .. '/tmux/uninstall.sh') end
  local function hooks()
    return table.concat({ world:tmux('show-hooks', '-g'), world:tmux('show-hooks', '-gw'), world:tmux('show-hooks', '-gp') }, '\n')
  end
  local function count(text, what)
    local _, times = text:gsub(vim.pesc(what), '')
    return times
  end
  local function option(name) return world:tmux('show-options', '-gqv', name) end
  local function key(name)
    for line in world:tmux('list-keys', '-T', 'prefix'):gmatch('[^\n]+') do
      local found, command = line:match(' %-T prefix%s+(%S+)%s+(.*)$')
      if found == name then return command end
    end
  end
  -- A program that says what it was told to, and to whom.
  local function fake(name)
    local path = world:write(name, ([[
#!/bin/sh
echo "$*" >>%s/calls
case $1 in
  tmux) exec %s/build/kra "$@" ;;
  tmux-watch) exec %s/waiter/kra 300 ;;
  save) echo 'saved #(touch %s/canary)@1' ;;
esac
]]):format(world.dir, world.repo, world.dir, world.dir))
    uv.fs_chmod(path, tonumber('755', 8))
    vim.fn.mkdir(world.dir .. '/waiter', 'p')
    uv.fs_symlink(vim.fn.exepath('sleep'), world.dir .. '/waiter/kra')
    return path
  end
  local function calls() return world:read('calls') or '' end

  it('sets each hook at its own index, once, however often it runs', function()
    world.env.KRA_BIN = fake('kra')
    world:start_tmux()
    world:tmux('set-hook', '-g', 'session-created', 'set -g @other 1')
    world:tmux('set-hook', '-g', 'window-renamed[3]', 'set -g @other 2')
    load()
    local once = hooks()
    load()
    assert.equals(once, hooks())
    local wanted = count(world:check({ world.repo .. '/build/kra', 'tmux', 'hooks' }), '[187]')
    assert.truthy(wanted >= 12)
    -- Some tmux list a hook under more than one scope.
    for line in once:gmatch('[^\n]*%[187%][^\n]*') do assert.truthy(line:find('wait-for -S kra', 1, true), line) end
    for _, name in ipairs({ 'session-created', 'window-layout-changed', 'window-renamed', 'pane-title-changed' }) do
      assert.truthy(once:find(name .. '[187]', 1, true), name)
    end
    assert.truthy(once:find('session-created[0]', 1, true))
    assert.truthy(once:find('window-renamed[3]', 1, true))
  end)

  it('takes away only what it brought', function()
    world.env.KRA_BIN = fake('kra')
    world:start_tmux()
    -- Nothing is seen of these hooks when they run: a window may still get its name from the shell that starts.
    world:tmux('set-hook', '-g', 'session-created', 'set -gu @other')
    world:tmux('set-hook', '-g', 'window-renamed[3]', 'set -gu @other')
    world:tmux('bind-key', 'M', 'display-message', 'mine')
    world:tmux('set-option', '-g', '@kra-programs', 'nvim, less')
    local before = { hooks(), world:tmux('list-keys', '-T', 'prefix'), world:tmux('show-options', '-g'), world:tmux('show-environment', '-g') }
    load()
    world:wait(function() return calls():find('tmux-watch', 1, true) end, 'the waiter', nil, calls)
    assert.truthy(world:tmux('show-environment', '-g'):find('KRA_SERVER_RESTORE_PROGRAMS=nvim,less', 1, true))
    local watch = tonumber(option('@kra_watch'))
    assert.equals(0, uv.kill(watch, 0))
    uninstall()
    assert.same(before, { hooks(), world:tmux('list-keys', '-T', 'prefix'), world:tmux('show-options', '-g'), world:tmux('show-environment', '-g') })
    world:wait(function() return uv.kill(watch, 0) ~= 0 end, 'the end of the waiter')
  end)

  it('starts one waiter', function()
    world.env.KRA_BIN = world.repo .. '/build/kra'
    world:start_tmux()
    load()
    local watch = world:wait(function() return tonumber(option('@kra_watch')) end, 'the waiter')
    world:wait(function()
      local file = io.open('/proc/' .. watch .. '/cmdline', 'rb')
      local text = file and file:read('*a') or ''
      if file then file:close() end
      return text == world.repo .. '/build/kra\0tmux-watch\0'
    end, 'the program itself, without a shell')
    load()
    assert.equals(tostring(watch), option('@kra_watch'))
    assert.equals(0, uv.kill(watch, 0))
    world:tmux('rename-window', 'x')
    uninstall()
  end)

  it('binds the menu where the key is free, and other keys only when they are set', function()
    world.env.KRA_BIN = fake('kra')
    world:start_tmux()
    load()
    assert.truthy(key('K'):find('menu', 1, true))
    load()
    assert.truthy(key('K'):find('menu', 1, true))
    uninstall()
    assert.is_nil(key('K'))
    world:tmux('bind-key', 'K', 'display-message', 'mine')
    world:tmux('set-option', '-g', '@kra-save-key', 'C-y')
    world:tmux('set-option', '-g', '@kra-pin-key', 'C-v')
    load()
    assert.equals('display-message mine', key('K'))
    assert.truthy(key('C-y'):find('menu.sh save', 1, true))
    assert.truthy(key('C-v'):find('menu.sh pin', 1, true))
    uninstall()
    assert.equals('display-message mine', key('K'))
    assert.is_nil(key('C-y'))
    assert.is_nil(key('C-v'))
    world:tmux('unbind-key', 'K')
    world:tmux('set-option', '-g', '@kra-menu-key', 'off')
    load()
    assert.is_nil(key('K'))
    world:tmux('set-option', '-g', '@kra-menu-key', "'")
    load()
    assert.truthy((key("\\'") or key("'")):find('menu', 1, true))
  end)

  it('saves by a key, and shows what was said without running it', function()
    local odd = world.dir .. "/it's a #{pane_id} dir"
    vim.fn.mkdir(odd .. '/tmux', 'p')
    for _, name in ipairs({ 'kra.tmux', 'tmux/options.sh', 'tmux/hooks.sh', 'tmux/keys.sh', 'tmux/menu.sh' }) do
      assert(uv.fs_symlink(world.repo .. '/' .. name, odd .. '/' .. name))
    end
    world.env.KRA_BIN = fake("it's a #{pane_id} dir/kra")
    world:start_tmux()
    world:tmux('set-option', '-g', '@kra-save-key', 'y')
    world:tmux('set-environment', '-g', 'ODD', odd)
    world:tmux('run-shell', '"$ODD/kra.tmux"')
    world:wait(function() return calls():find('tmux-watch', 1, true) end, 'the waiter', nil, calls)
    local terminal = world:attach('main')
    local client = world:tmux('list-clients', '-F', '#{client_name}')
    local said = 0
    for _ = 1, 5 do
      vim.fn.chansend(terminal, '\2y')
      said = said + 1
      world:wait(function() return count(calls(), 'save') == said end, 'a save', nil, calls)
      world:wait(function() return world:tmux('show-messages', '-t', client):find('saved #(touch', 1, true) end, 'what it said', nil,
        function() return world:tmux('show-messages', '-t', client) end)
    end
    assert.is_nil(uv.fs_stat(world.dir .. '/canary'))
    assert.equals('', option('@kra_said'))
  end)

  it('opens a menu, and a popup from it', function()
    world.env.KRA_BIN = fake('kra')
    world:start_tmux()
    load()
    local terminal = world:attach('main')
    local function press(keys) vim.fn.chansend(terminal, keys) end
    -- A key that comes before the menu is up goes to the pane: once more.
    world:wait(function()
      press('\2K')
      return world:wait(function()
        press('s')
        return calls():find('save', 1, true)
      end, 'save', 1000)
    end, 'the menu to save', nil, calls)
    world:wait(function()
      press('\2K')
      return world:wait(function()
        press('t')
        return calls():find('status', 1, true)
      end, 'status', 1000)
    end, 'the popup of status', nil, calls)
    world:wait(function()
      press('q')
      press('\3')
      return not vim.iter(world:processes()):any(function(process) return process.name:find('menu.sh show', 1, true) end)
    end, 'the end of the popup')
  end)

  it('restores at the start of a server when that is wanted, once', function()
    world.env.KRA_BIN = fake('kra')
    world:write(world.conf, world:read(world.conf) .. 'set -g @kra-restore-on-start on\nrun-shell ' .. world.repo .. '/kra.tmux\n')
    world:start_tmux()
    world:wait(function() return count(calls(), 'restore') == 1 end, 'a restore', nil, calls)
    load()
    load()
    world:tmux('run-shell', 'true')
    assert.equals(1, count(calls(), 'restore'))
    assert.truthy(hooks():find('[187]', 1, true))
  end)

  it('restores at the start what was saved before the server began', function()
    world.env.KRA_BIN = world.repo .. '/build/kra'
    world:start_tmux('-s', 'mine')
    world:tmux('new-window', '-t', 'mine:7')
    assert.same(0, world:kra('save').code)
    world:crash_tmux()
    -- The server begins while nothing of kra's is loaded, and is saved before the restore.
    world:start_tmux('-s', 'new')
    world:wait(function() return os.time() > tonumber(world:tmux('display-message', '-p', '#{start_time}')) end, 'the next second')
    assert.same(0, world:kra('save').code)
    world:tmux('set-option', '-g', '@kra-restore-on-start', 'on')
    load()
    local function windows() return world:tmux('list-windows', '-a', '-F', '#{session_name}:#{window_index}') end
    world:wait(function() return windows():find('mine:7', 1, true) end, 'the older save')
    uninstall()
  end)

  it('does not restore into a server that it was not started with', function()
    world.env.KRA_BIN = fake('kra')
    world:start_tmux()
    load()
    world:tmux('set-option', '-g', '@kra-restore-on-start', 'on')
    load()
    world:tmux('run-shell', 'true')
    assert.equals(0, count(calls(), 'restore'))
  end)

  it('leaves hooks and waiter out when autosave is off', function()
    world.env.KRA_BIN = fake('kra')
    world:start_tmux()
    load()
    world:tmux('set-option', '-g', '@kra-autosave', 'off')
    load()
    assert.is_nil(hooks():find('[187]', 1, true))
    assert.truthy(world:tmux('show-environment', '-g'):find('KRA_SERVER_AUTOSAVE_ACTIVE=off', 1, true))
  end)

  it('says when there is no program, and builds it beside the server', function()
    local dir = world.dir .. '/plugin'
    vim.fn.mkdir(dir .. '/tmux', 'p')
    for _, name in ipairs({ 'kra.tmux', 'tmux/options.sh', 'tmux/hooks.sh', 'tmux/keys.sh', 'tmux/menu.sh' }) do
      assert(uv.fs_copyfile(world.repo .. '/' .. name, dir .. '/' .. name))
    end
    -- Only what a POSIX system has, and a compiler that need not compile.
    for _, name in ipairs({ 'sh', 'dirname', 'sleep', 'tail', 'mkdir', 'sed', 'tr', 'grep', 'date', 'make', 'cp', 'chmod', 'bash', 'env' }) do
      uv.fs_symlink(vim.fn.exepath(name), world.dir .. '/bin/' .. name)
    end
    world:write('bin/c++', '#!/bin/sh\n')
    uv.fs_chmod(world.dir .. '/bin/c++', tonumber('755', 8))
    world:write('plugin/Makefile', ('.PHONY: build\nbuild:\n\tsleep 1\n\tcp %s build/kra\n'):format(fake('built')))
    world.env.PATH = world.dir .. '/bin'
    world:start_tmux()
    local began = uv.hrtime()
    load(dir)
    assert.truthy((uv.hrtime() - began) / 1e6 < 900)
    assert.is_nil(hooks():find('[187]', 1, true))
    world:wait(function() return option('@kra_status'):find('^kra: ') end, 'a word in the status')
    world:wait(function() return hooks():find('[187]', 1, true) end, 'the hooks after the build', nil, function()
      return option('@kra_status') .. (world:read('plugin/build/tmux.log') or '')
    end)
    assert.equals('', option('@kra_status'))
    assert.equals(dir .. '/build/kra', option('@kra_bin'))
  end)
end)
