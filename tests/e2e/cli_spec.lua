-- The command line on a real tmux server: exit codes, one line for each thing that is wrong, JSON by the agreed names,
-- settings that keep their comments, and completions in the shells themselves.
local worlds = require('tests.helpers.world')

local world
local function setup(opts)
  before_each(function() world = worlds.new(opts) end)
  after_each(function() world:close() end)
end

local function json(...)
  local result = world:kra(...)
  assert.equals(0, result.code, result.stderr)
  assert.equals(1, select(2, result.stdout:gsub('\n', '\n')), 'one line')
  return vim.json.decode(result.stdout)
end

-- One line on standard error, nothing on standard output.
local function complains(code, text, ...)
  local result = world:kra(...)
  assert.equals(code, result.code, vim.inspect({ ... }) .. result.stderr)
  assert.equals('', result.stdout)
  assert.matches('^kra: [^\n]+\n$', result.stderr)
  assert.truthy(result.stderr:find(text, 1, true), result.stderr)
end

local function has_fields(value, ...)
  for _, name in ipairs({ ... }) do assert.not_nil(value[name], name .. ' in ' .. vim.inspect(value)) end
end

describe('kra, wrong words', function()
  setup()

  it('answers unknown commands and options with what was probably meant', function()
    complains(2, 'did you mean status?', 'stauts')
    complains(2, '`kra help` lists what there is', 'xyzzyxyzzy')
    complains(2, 'did you mean --message?', 'save', '--mesage', 'x')
    complains(2, '--message needs a value', 'save', '--message')
    complains(2, 'unexpected b', 'save', 'a', 'b')
    complains(2, 'needs NAME', 'rename')
    complains(2, 'did you mean show?', 'config', 'shwo')
    complains(2, 'did you mean save?', 'help', 'sav')
    complains(2, 'there is zsh, bash, fish', 'completions', 'powershell')
    complains(1, 'no live blocks', 'run', 'notes.md')
    complains(1, 'does not know', 'affected', 'notes.md')
    complains(3, 'no save called nope', 'restore', 'nope')
    complains(2, 'kra-tmux FILE', 'import', 'kra-tmux')
    complains(2, 'did you mean push?', 'handoff', 'pus')
  end)

  it('refuses names that no save may have', function()
    for _, name in ipairs({ 'a@b', 'a/b', '.hidden', '', ('x'):rep(65), 'a\nb' }) do complains(2, 'name', 'save', name) end
    complains(2, 'name', 'save', '--', '-a')
  end)

  it('gives help everywhere', function()
    for line in world:check({ world.repo .. '/build/kra', 'help' }):gmatch('\n  (%l+)  ') do
      local result = world:kra(line, '--help')
      assert.equals(0, result.code)
      assert.equals('kra ' .. line .. ': ', result.stdout:sub(1, #line + 6))
      assert.equals(result.stdout, world:kra('help', line).stdout)
      assert.equals(result.stdout, world:kra(line, '-h').stdout)
    end
  end)

  it('does not end with 0 when its output was lost', function()
    local result = world:run({ 'sh', '-c', 'exec ' .. world.repo .. '/build/kra help >/dev/full' })
    assert.equals(1, result.code)
    assert.matches('No space left', result.stderr)
  end)
end)

describe('kra without a tmux server', function()
  setup()

  it('says that there is nothing to save, and 0; a server that was named is expected to be there', function()
    local result = world:kra('save')
    assert.equals(0, result.code)
    assert.matches('^kra: nothing to save: no tmux server runs at [^\n]+; `tmux` starts one\n$', result.stderr)
    complains(1, 'nothing to save', 'save', '-L', 'nosuch')
    complains(1, 'nothing to save', 'flush', '-S', world.dir .. '/nosuch')
  end)

  it('has a status of the agreed shape, and starts no daemon for it', function()
    local status = json('status', '--json')
    has_fields(status, 'daemon', 'workspace', 'clients', 'drafts', 'leases', 'sync', 'problems')
    has_fields(status.daemon, 'running', 'pid', 'version', 'uptime_ms', 'rss')
    has_fields(status.workspace, 'name', 'generation', 'saved_at', 'dirty', 'due_in_ms')
    has_fields(status.drafts, 'unsaved_buffers', 'bytes', 'oldest_unacked_ms', 'excluded')
    assert.is_false(status.daemon.running)
    assert.matches('nothing saved yet', world:kra().stdout)
    assert.equals(0, #world:processes())
  end)

  it('runs what it is to hold for where there is no repository', function()
    assert.equals(7, world:kra('hold', '--', 'sh', '-c', 'exit 7').code)
  end)

  it('names a missing tmux with its cure', function()
    local result = world:run({ world.repo .. '/build/kra', 'doctor', '--json' }, { env = { KRA_TMUX = world.dir .. '/nosuch' } })
    assert.equals(1, result.code)
    local problem = vim.json.decode(result.stdout).problems[1]
    assert.equals('tmux', problem.code)
    has_fields(problem, 'text', 'cure')
  end)
end)

describe('kra and its saves', function()
  setup()
  before_each(function()
    world:start_tmux('-s', 'main', '-n', 'first', 'cat')
    -- Until then the shell that becomes it is what a save finds.
    world:wait(function() return world:tmux('display-message', '-p', '-t', 'main', '#{pane_current_command}') == 'cat' end, 'cat')
  end)

  local function save(...)
    local result = world:kra('save', ...)
    assert.equals(0, result.code, result.stderr)
    return result.stdout
  end

  it('says what was saved, and that nothing changed', function()
    assert.matches('^saved work@1: 1 session, 1 window, 1 pane, 0 editors, %d+ ms\n$', save('work', '-m', 'a note'))
    assert.matches('^unchanged since work@1: ', save())
    world:tmux('new-window', '-d', '-t', 'main', 'cat')
    assert.matches('^saved work@2: 1 session, 2 windows, 2 panes, ', save())
    assert.matches('^work@2 .*\nwork@1 .*a note\n$', world:kra('log').stdout)
    assert.matches('safe: work@2', world:kra().stdout)
  end)

  it('shows a save by the agreed names', function()
    save('work')
    local shown = json('show', 'work', '--json')
    has_fields(shown, 'name', 'generation', 'saved_at', 'host', 'sessions', 'editors')
    assert.matches('^%d+%-%d%d%-%d%dT[%d:.]+[+-]%d%d:%d%d$', shown.saved_at)
    has_fields(shown.sessions[1], 'name', 'group', 'windows')
    has_fields(shown.sessions[1].windows[1], 'index', 'name', 'layout', 'active', 'zoomed', 'automatic_rename', 'panes')
    has_fields(shown.sessions[1].windows[1].panes[1], 'index', 'active', 'cwd', 'title', 'argv', 'editor')
    assert.same({ 'cat' }, shown.sessions[1].windows[1].panes[1].argv)
    local tree = world:kra('show').stdout
    assert.matches('\nmain\n  %*0: first\n    %*0  ~  cat\n$', tree)
    assert.is_nil(tree:find('\27', 1, true))
  end)

  it('keeps hostile text off the terminal', function()
    world:tmux('rename-window', '-t', 'main:0', 'a$(x) `y` \226\128\174z')
    world:tmux('select-pane', '-t', 'main:0', '-T', 'esc')
    save('work')
    for _, command in ipairs({ 'show', 'list', 'log', 'status' }) do
      assert.is_nil(world:kra(command).stdout:find('[%z\1-\9\11-\31]'))
    end
  end)

  it('finds what changed between two saves', function()
    save('work')
    world:tmux('rename-window', '-t', 'main:0', 'second')
    save()
    assert.matches('main:0  name  first %-> second\n', world:kra('diff', 'work@1', 'work@2').stdout)
    local difference = json('diff', 'work', '--json')
    assert.same({ 'work@1', 'work@2' }, { difference.a, difference.b })
    assert.equals('name', difference.changes[1].what)
  end)

  it('keeps, renames, deletes and verifies, and names what is not there', function()
    save('work')
    assert.equals('kept work@1\n', world:kra('keep', 'work@1').stdout)
    assert.is_true(json('log', '--json').generations[1].kept)
    assert.equals(0, world:kra('rename', 'work', 'play').code)
    assert.same({ 'play' }, vim.tbl_map(function(each) return each.name end, json('list', '--json').saves))
    save('other')
    complains(4, 'other', 'rename', 'play', 'other')
    complains(1, 'did you mean play?', 'log', 'plya')
    complains(1, 'play', 'show', 'nosuch')
    complains(1, '99', 'show', 'play@99')
    complains(1, 'nosuch', 'delete', 'play', 'nosuch')
    assert.equals('other\nplay\n', world:kra('list', '--names').stdout)
    assert.equals(0, world:kra('delete', 'play').code)
    assert.equals('1 generation checked, 0 bad\n', world:kra('verify').stdout)
  end)

  it('finds one changed byte', function()
    save('work')
    world:kra('daemon', 'stop')
    local file = world:check({ 'find', world.dir .. '/state/kra/workspaces', '-name', '*.kra' })
    local bytes = world:read(file)
    local middle = math.floor(#bytes / 2)
    world:write(file, bytes:sub(1, middle) .. string.char((bytes:byte(middle + 1) + 1) % 256) .. bytes:sub(middle + 2))
    local result = world:kra('verify', '--json')
    assert.equals(1, result.code)
    assert.equals(1, vim.json.decode(result.stdout).bad)
  end)

  it('saves one session, and of the server that was named', function()
    world:tmux('new-session', '-d', '-s', 'second', 'cat')
    assert.matches('^saved one@1: 1 session, ', save('one', '--session', 'second'))
    assert.matches('^saved path@1: 2 sessions, ', save('path', '-S', world.socket))
    assert.matches('^saved name@1: 2 sessions, ', save('name', '--socket-name=default'))
  end)
end)

describe('kra config', function()
  setup()
  local file
  before_each(function() file = world.dir .. '/config/kra/config.yaml' end)

  it('changes one value and keeps every other byte, also through a link', function()
    local real = world:write('dotfiles/kra.yaml', '# mine\nautosave:\n  timeout_ms: 5  # soon\n')
    world:check({ 'chmod', '644', real })
    vim.fn.mkdir(vim.fs.dirname(file), 'p')
    assert(vim.uv.fs_symlink(real, file))
    assert.equals(0, world:kra('config', 'set', 'autosave.timeout_ms', '70').code)
    assert.equals('# mine\nautosave:\n  timeout_ms: 70  # soon\n', world:read(real))
    assert.equals('link', vim.uv.fs_lstat(file).type)
    assert.equals(tonumber('644', 8), vim.uv.fs_stat(real).mode % 512)
    assert.equals('70\n', world:kra('config', 'get', 'autosave.timeout_ms').stdout)
  end)

  it('says where each value comes from', function()
    world:write(file, 'autosave: {timeout_ms: 70}\n')
    local result = world:run({ world.repo .. '/build/kra', 'config', 'show', '--json' }, { env = { KRA_LIVE_FOLLOW = 'window' } })
    local sources = {}
    for _, setting in ipairs(vim.json.decode(result.stdout).settings) do sources[setting.name] = setting.source end
    assert.equals('config.yaml', sources['autosave.timeout_ms'])
    assert.equals('environment', sources['live.follow'])
    assert.equals('default', sources['autosave.active'])
  end)

  it('refuses what cannot be with file, line and column', function()
    complains(2, 'autosave.timeout_ms: soon is not a number', 'config', 'set', 'autosave.timeout_ms', 'soon')
    complains(2, 'did you mean autosave.active?', 'config', 'get', 'autosave.activ')
    for text, what in pairs({
      ['autosave:\n  timout_ms: 5\n'] = ':2:3: unknown setting autosave.timout_ms; did you mean autosave.timeout_ms?',
      ['autosave: {active: true, active: true}\n'] = ':1:26: autosave.active stands twice',
      ['a: &a [x]\nb: *a\n'] = ':1:4: anchors are not read here',
      ['autosave: {active: 7}\n'] = ':1:20: autosave.active: 7 is not true or false',
      ['#' .. ('x'):rep(70000)] = ':1:1: larger than 65536 bytes',
    }) do
      world:write(file, text)
      complains(1, file .. what, 'config', 'check')
      complains(1, file .. what, 'config', 'show')
      assert.truthy(vim.tbl_contains(vim.tbl_map(function(each) return each.code end, json('status', '--json').problems), 'config'))
    end
  end)

  it('opens the file in the editor, with every setting as a comment', function()
    local editor = world:write('bin/ed.sh', '#!/bin/sh\ngrep -c "^# *[a-z_]*:" "$2" >"$HOME/seen"\n')
    world:check({ 'chmod', '+x', editor })
    local result = world:run({ world.repo .. '/build/kra', 'config', 'edit' }, { env = { EDITOR = editor .. ' -x' } })
    assert.equals(0, result.code, result.stderr)
    assert.is_true(tonumber(world:read('home/seen')) > 50)
    assert.equals(0, world:kra('config', 'check').code)
  end)
end)

describe('completions', function()
  setup()
  before_each(function() world:start_tmux() end)

  local function bash(...)
    local words = vim.tbl_map(vim.fn.shellescape, { ... })
    return world:check({ 'bash', '--norc', '-c', ([[eval "$(kra completions bash)"; COMP_WORDS=(kra %s); COMP_CWORD=%d; _kra
      printf '%%s\n' "${COMPREPLY[@]}"]]):format(table.concat(words, ' '), #words) })
  end

  it('work in bash', function()
    assert.equals('status', bash('stat'))
    assert.equals('show\nset', bash('config', 's'))
    assert.equals('autosave.timeout_ms', bash('config', 'get', 'autosave.t'))
    assert.equals('--message', bash('save', '--m'))
    world:kra('save', 'work here')
    assert.equals('work\\ here', bash('show', 'wo'))
    assert.equals('', bash('list', ''))
  end)

  it('work in fish', function()
    local function fish(line)
      local text = world:check({ 'fish', '--no-config', '-c', 'kra completions fish | source; complete -C ' .. vim.fn.shellescape(line) })
      return (text:gsub('\t[^\n]*', ''))
    end
    assert.equals('status', fish('kra stat'))
    assert.equals('set\nshow', fish('kra config s'))
    assert.equals('autosave.timeout_ms', fish('kra config get autosave.t'))
    assert.equals('--message', fish('kra save --m'))
    world:kra('save', 'work')
    assert.equals('work', fish('kra show wo'))
    assert.equals('', fish('kra list '))
  end)

  it('work in zsh, evaluated and as a file', function()
    world:kra('save', 'work')
    world:check({ 'sh', '-c', 'mkdir "$HOME/functions" && kra completions zsh >"$HOME/functions/_kra"' })
    local script = [[
      zmodload zsh/zpty
      zpty z "zsh -f -i"
      zpty -w z "PS1= ; %s autoload -Uz compinit && compinit -u -D; %s"
      zpty -w z 'show() { print -r -- "<${BUFFER}>" }; zle -N show; bindkey "^T" show; zle-line-init() { print REA""DY }; zle -N zle-line-init'
      zpty -r -m z seen "*READY*"
      for words in "kra stat" "kra config get autosave.ti" "kra save --mes" "kra show wo" "kra completions z"; do
        zpty -w -n z "$words"$'\t\x14\x15'
        zpty -r -m z seen "*<*>*"
        seen=${seen##*<}
        print -r -- "${seen%%%%>*}"
      done
      zpty -d z]]
    local wanted = 'kra status \nkra config get autosave.timeout_ms \nkra save --message \nkra show work \nkra completions zsh '
    assert.equals(wanted, world:check({ 'zsh', '-f', '-c', script:format('', 'eval \\"\\$(kra completions zsh)\\"') }))
    assert.equals(wanted, world:check({ 'zsh', '-f', '-c', script:format('fpath=(~/functions \\$fpath);', '') }))
  end)
end)
