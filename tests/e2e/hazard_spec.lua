-- Save, lose the server, restore, save again: what was saved the second time is what was saved the first time, whatever names, layouts,
-- directories and programs there were, and nothing of it was run. Most cases are sessions of one world; those about the server have their own.
local worlds = require('tests.helpers.world')

-- A word that tmux reads back from a command file byte for byte.
local function quoted(text)
  return '"' .. text:gsub('[%c\127\255~#"\\$]', function(c) return ('\\%03o'):format(c:byte()) end) .. '"'
end

-- Commands in which %s stands for the text, put in as data.
local function put(w, text, ...)
  local lines = { 'set-option -g @text ' .. quoted(text) }
  for _, command in ipairs({ ... }) do lines[#lines + 1] = (command:gsub('%%s', "'#{@text}'")) end
  local result = w:run({ w.tmux_program, '-S', w.socket, 'source-file', '-' }, { stdin = table.concat(lines, '\n') .. '\n' })
  return result.code == 0, result.stderr
end

-- In every hostile text: would leave a file if anything ran it. Each text has a file of its own.
local function canary(w, name) return w.dir .. '/canary-' .. name end

local function session(w, name, ...)
  w:tmux('new-session', '-d', '-x', '200', '-y', '50', '-s', name, ...)
  return '=' .. name .. ':'
end

-- A session whose only pane is in a directory of that name.
local function directory(name)
  return function(w, id)
    local path = w.dir .. '/dirs/' .. id .. '/' .. name:gsub('CANARY', 'canary-' .. id)
    vim.fn.mkdir(path, 'p')
    local target = session(w, id)
    assert(put(w, path, 'respawn-pane -k -t ' .. quoted(target) .. ' -c %s'))
  end
end

-- A session that is called so; its window says which case it is. Newer releases of tmux refuse some names: then it keeps its own.
local function session_name(name)
  return function(w, id)
    session(w, id, '-n', id)
    put(w, (name:gsub('CANARY', canary(w, id))), 'rename-session -t ' .. quoted('=' .. id) .. ' %s')
  end
end

local function window_name(name)
  return function(w, id) put(w, (name:gsub('CANARY', canary(w, id))), 'rename-window -t ' .. quoted(session(w, id)) .. ' %s') end
end

local function title(text)
  return function(w, id) put(w, (text:gsub('CANARY', canary(w, id))), 'select-pane -t ' .. quoted(session(w, id)) .. ' -T %s') end
end

-- A pane that runs `tail` with these further arguments.
local function program(...)
  local arguments = { ... }
  return function(w, id)
    local words = {}
    for _, argument in ipairs(arguments) do words[#words + 1] = quoted((argument:gsub('CANARY', canary(w, id)))) end
    local start = 'new-session -d -x 200 -y 50 -s %s -- sh -c %s sh %s'
    assert(put(w, '', start:format(quoted(id), quoted('exec tail -f /dev/null "$@"'), table.concat(words, ' '))))
  end
end

local cases = {
  { 'two panes', function(w, id) w:tmux('split-window', '-d', '-h', '-t', session(w, id)) end },
  { 'a pane in HOME', function(w, id) session(w, id, '-c', w.home) end },
  { 'a pane outside HOME', function(w, id) session(w, id, '-c', '/usr/share') end },
  { 'a pane in the root', function(w, id) session(w, id, '-c', '/') end },
  { 'panes in different directories', function(w, id)
    w:tmux('split-window', '-d', '-c', '/usr', '-t', session(w, id, '-c', '/'))
    w:tmux('new-window', '-d', '-c', '/etc', '-t', '=' .. id .. ':')
  end },

  { 'a directory with two spaces', directory('a  b') },
  { 'a directory with quotes and other scripts', directory('é "中" \'x\'') },
  { 'a directory with a colon', directory('a:b') },
  { 'a directory with backslashes', directory('a\\b\\') },
  { 'a directory with percent and hash', directory('50%d #x ##') },
  { 'a directory like a job', directory('#(touch CANARY)') },
  { 'a directory like a format', directory('#{pid}#{E:@text}') },
  { 'a directory like a substitution', directory('$(touch CANARY)`touch CANARY`$HOME') },
  { 'a directory like a command', directory(';touch CANARY;') },
  { 'a directory with a newline', directory('a\nb') },
  { 'a directory with control bytes', directory('a\1\27[31mb') },
  { 'a directory that is no UTF-8', directory('a\255\128b') },
  { 'a directory like an option', directory('-x') },
  { 'a directory that ends in a space', directory('a ') },
  { 'a directory like a home', directory('~') },

  { 'a session with a space', session_name('two words') },
  { 'a session with quotes', session_name('it\'s "x"') },
  { 'a session in another script', session_name('é中👍') },
  { 'a session that begins as another', session_name('pre') },
  { 'a session that goes on from another', session_name('prefix') },
  { 'a session like a substitution', session_name('$(touch CANARY)') },
  { 'a session like a job', session_name('#(touch CANARY)') },
  { 'a session like a format', session_name('#{pid} %H') },
  { 'a session like an exact target', session_name('=x') },
  { 'a session like an option', session_name('-x') },
  { 'a session like a window id', session_name('@1') },
  { 'a session like a session id', session_name('$1') },
  { 'a session with a backslash', session_name('a\\b') },
  { 'a session that ends a command', session_name('a;') },
  { 'a session with a newline', session_name('a\nb') },

  { 'a window with colon and space', window_name('a: b') },
  { 'a window with percent signs', window_name('50%d %H') },
  { 'a window like a job', window_name('#(touch CANARY)') },
  { 'a window like a style', window_name('#[fg=red]x##') },
  { 'a window without a name', window_name('') },
  { 'a window with control bytes', window_name('a\tb\1') },
  { 'a window with a dollar and a backslash', window_name('$HOME a\\tb \\') },
  { 'a window that ends a command', window_name('a;') },
  { 'a window that names itself', function(w, id)
    w:tmux('new-window', '-d', '-n', 'fixed', '-t', session(w, id))
  end },
  { 'three windows, the second active', function(w, id)
    local target = session(w, id)
    w:tmux('new-window', '-d', '-t', target)
    w:tmux('new-window', '-d', '-t', target)
    w:tmux('select-window', '-t', target .. '2')
    w:tmux('select-window', '-t', target .. '1')
  end },
  { 'gaps between windows', function(w, id)
    local target = session(w, id)
    for _, index in ipairs({ 2, 5, 9 }) do w:tmux('new-window', '-d', '-t', target .. index) end
    w:tmux('kill-window', '-t', target .. '0')
  end },
  { 'twelve panes', function(w, id)
    local target = session(w, id)
    for _ = 2, 12 do
      w:tmux('split-window', '-d', '-t', target)
      w:tmux('select-layout', '-t', target, 'tiled')
    end
  end },
  { 'a nested layout', function(w, id)
    local target = session(w, id)
    w:tmux('split-window', '-h', '-l', '70', '-t', target)
    w:tmux('split-window', '-v', '-l', '10', '-t', target)
    w:tmux('split-window', '-h', '-t', target)
    w:tmux('select-pane', '-t', target .. '.0')
    w:tmux('split-window', '-b', '-v', '-l', '7', '-t', target)
  end },
  { 'options of a window', function(w, id)
    local target = session(w, id)
    w:tmux('set-option', '-w', '-t', target, 'synchronize-panes', 'on')
    w:tmux('set-option', '-w', '-t', target, 'pane-border-status', 'top')
    w:tmux('set-option', '-w', '-t', target, 'main-pane-width', '33')
    w:tmux('set-option', '-w', '-t', target, 'pane-border-format', ' #P #{pane_title} "%d" ')
  end },

  { 'a title', title('plain') },
  { 'an empty title', title('') },
  { 'a title like a job', title('#(touch CANARY)') },
  { 'a title with percent, quotes and a backslash', title('50%d "\'a\\b') },
  { 'a title in another script', title('é中👍') },

  { 'a zoomed pane', function(w, id)
    local target = session(w, id)
    w:tmux('split-window', '-h', '-t', target)
    w:tmux('split-window', '-v', '-t', target)
    w:tmux('resize-pane', '-Z', '-t', target .. '.1')
  end },
  { 'an active and a last pane', function(w, id)
    local target = session(w, id)
    for _ = 1, 3 do w:tmux('split-window', '-t', target) end
    w:tmux('select-pane', '-t', target .. '.3')
    w:tmux('select-pane', '-t', target .. '.1')
  end },
  { 'a group', function(w, id)
    local target = session(w, id)
    w:tmux('new-window', '-t', target)
    w:tmux('new-session', '-d', '-s', id .. '-same', '-t', '=' .. id)
    w:tmux('select-window', '-t', '=' .. id .. '-same:0')
  end, also = { '-same' } },
  { 'a window linked into two sessions', function(w, id)
    local target = session(w, id)
    session(w, id .. '-other')
    w:tmux('new-window', '-d', '-t', target .. '4')
    w:tmux('link-window', '-d', '-s', target .. '4', '-t', '=' .. id .. '-other:7')
  end, also = { '-other' } },

  { 'an argument with spaces', program('a  b', ' ') },
  { 'arguments that end commands', program('a;', ';', '\\;', '&', '|') },
  { 'arguments like substitutions', program('$(touch CANARY)', '`touch CANARY`', '$HOME', '${x}') },
  { 'arguments like formats and jobs', program('#(touch CANARY)', '#{pid}', '%d', '##', '#[x]') },
  { 'empty arguments', program('', 'x', '') },
  { 'arguments with newlines and control bytes', program('a\nb', '\1', '\27[0m', '\t', '\127') },
  { 'arguments that are no UTF-8', program('\255', '\128a', '\192\175') },
  { 'arguments with quotes, braces and backslashes', program("'", '"', '\\', '{', '}', '~', 'x=y', '--', '-x') },
}

-- The saved workspace without what belongs to the save itself.
local function shown(w, name)
  local result = w:kra('show', name, '--json')
  assert(result.code == 0, result.stderr)
  local workspace = vim.json.decode(result.stdout)
  local kept = { active = workspace.active_session, last = workspace.last_session }
  for _, one in ipairs(workspace.sessions) do
    kept[one.name] = one
  end
  return kept
end

local function save(w, name)
  local result = w:kra('save', name, '--json')
  assert(result.code == 0, result.stderr)
  return vim.json.decode(result.stdout)
end

-- Every pane has come to what it is to run: nothing changes from one save to the next.
local function settled(w, name)
  local last
  w:wait(function()
    local now = shown(w, (save(w, name) and name))
    local same = last ~= nil and vim.deep_equal(now, last)
    last = now
    if not same then vim.wait(300) end
    return same
  end, 'a workspace that stays as it is', 20000)
  return last
end

-- Saves, kills the server, restores, and saves again until it is as it was (programs take their time to start).
local function round_trip(w, restore_arguments)
  local before = settled(w, 'first')
  w:crash_tmux()
  local result = w:kra('restore', 'first', unpack(restore_arguments or {}))
  assert(result.code == 0, ('restore: %d %s%s'):format(result.code, result.stdout, result.stderr))
  local after
  pcall(w.wait, w, function()
    save(w, 'second')
    after = shown(w, 'second')
    if vim.deep_equal(after, before) then return true end
    vim.wait(200)
  end, 'equal workspaces', 8000)
  return before, after, result
end

describe('a workspace', function()
  local w, before, after

  setup(function()
    w = worlds.new()
    w:start_tmux('-s', 'main', '-x', '200', '-y', '50')
    for number, case in ipairs(cases) do case[2](w, ('s%02d'):format(number)) end
    before, after = round_trip(w)
  end)

  teardown(function() if w then w:close() end end)

  local function find(workspace, id)
    if workspace[id] then return workspace[id] end
    for _, one in pairs(workspace) do
      if type(one) == 'table' and one.windows[1].name == id then return one end
    end
  end

  for number, case in ipairs(cases) do
    it('comes back with ' .. case[1], function()
      local id = ('s%02d'):format(number)
      for _, suffix in ipairs({ '', unpack(case.also or {}) }) do
        assert.is_table(find(before, id .. suffix))
        assert.same(find(before, id .. suffix), find(after, id .. suffix))
      end
      assert.is_nil(vim.uv.fs_stat(canary(w, id)))
    end)
  end

  it('comes back whole, every name with it', function()
    local function keys(of)
      local list = vim.tbl_keys(of)
      table.sort(list)
      return list
    end
    assert.same(keys(before), keys(after))
    assert.same(before, after)
  end)

  it('was never run', function()
    local files = vim.tbl_filter(function(path) return vim.uv.fs_stat(path).type == 'file' end, vim.fn.glob(w.dir .. '/**/canary*', true, true))
    assert.same({}, files)
  end)
end)

describe('a server', function()
  local w
  after_each(function()
    if w then w:close() end
    w = nil
  end)

  local function comes_back(conf, build)
    w = worlds.new({ conf = conf })
    w:start_tmux('-s', 'main', '-x', '200', '-y', '50')
    build()
    local before, after = round_trip(w)
    assert.same(before, after)
  end

  it('that counts from 1 comes back', function()
    comes_back({ 'set -g base-index 1', 'setw -g pane-base-index 1' }, function()
      w:tmux('split-window', '-t', 'main')
      w:tmux('new-window', '-t', 'main:4')
      w:tmux('split-window', '-t', 'main:4')
    end)
  end)

  it('that closes gaps comes back with those it had', function()
    comes_back({ 'set -g renumber-windows on' }, function()
      w:tmux('new-window', '-d', '-t', 'main:3')
      w:tmux('new-window', '-d', '-t', 'main:7')
    end)
  end)

  it('whose windows do not name themselves comes back', function()
    comes_back({ 'set -g automatic-rename off' }, function()
      w:tmux('new-window', '-d', '-t', 'main:3')
      w:tmux('set-option', '-w', '-t', 'main:3', 'automatic-rename', 'on')
    end)
  end)

  it('with another size comes back', function()
    w = worlds.new()
    w:start_tmux('-s', 'main', '-x', '133', '-y', '37')
    w:tmux('split-window', '-h', '-t', 'main')
    w:tmux('split-window', '-v', '-t', 'main')
    local before, after = round_trip(w)
    assert.same(before, after)
  end)

  it('that runs keeps a taken session as it is', function()
    w = worlds.new()
    w:start_tmux('-s', 'main')
    w:tmux('new-session', '-d', '-s', 'other')
    w:tmux('split-window', '-t', 'other')
    local before = settled(w, 'first')
    w:tmux('kill-session', '-t', 'other')
    w:tmux('new-window', '-t', 'main')
    local result = w:kra('restore', 'first')
    assert.equal(4, result.code, result.stdout .. result.stderr)
    w:wait(function()
      save(w, 'second')
      return vim.deep_equal(before.other, shown(w, 'second').other)
    end, 'the free session as it was')
    assert.equal(2, #shown(w, 'second').main.windows)
  end)

  it('with a fresh session is taken over', function()
    w = worlds.new()
    w:start_tmux('-s', 'main', '-x', '200', '-y', '50')
    w:tmux('split-window', '-t', 'main')
    w:tmux('new-window', '-t', 'main')
    local before = settled(w, 'first')
    w:crash_tmux()
    w:start_tmux('-s', 'main', '-x', '200', '-y', '50')
    w:wait(function() return w:tmux('capture-pane', '-p', '-t', 'main'):find('%S') end, 'a prompt')
    local result = w:kra('restore', 'first')
    assert.equal(0, result.code, result.stdout .. result.stderr)
    w:wait(function()
      save(w, 'second')
      return vim.deep_equal(before, shown(w, 'second'))
    end, 'the session as it was')
  end)

  it('whose programs wait for Enter is the same to a save', function()
    w = worlds.new()
    w:start_tmux('-s', 'main', '-x', '200', '-y', '50', 'sleep', '1000')
    w:tmux('new-window', '-d', '-t', 'main', 'sleep', '1001')
    local before = round_trip(w)
    w:wait(function() return w:tmux('list-windows', '-F', '#{window_name}') == 'kra\nkra' end, 'windows that are called as the helper')
    save(w, 'third')
    assert.same(before, shown(w, 'third'))
  end)

  it('whose hooks were wiped has them back after a save', function()
    w = worlds.new()
    w:start_tmux('-s', 'main')
    w:tmux('set-hook', '-g', 'window-renamed[187]', 'wait-for -S kra')
    w:tmux('set-hook', '-g', 'session-renamed[187]', 'wait-for -S kra')
    w:tmux('set-hook', '-g', 'window-renamed', 'display-message theirs')
    w:tmux('set-hook', '-t', 'main', 'session-renamed', 'display-message theirs')
    save(w, 'first')
    local global = w:tmux('show-options', '-gwH')
    assert.truthy(global:find('window-renamed[187] wait-for -S kra', 1, true))
    assert.truthy(global:find('theirs', 1, true))
    assert.truthy(w:tmux('show-options', '-H', '-t', 'main'):find('session-renamed[187] wait-for -S kra', 1, true))
  end)
end)
