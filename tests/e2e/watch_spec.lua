local worlds = require('tests.helpers.world')

-- `kra watch` and `kra changes` as scripts use them, and what becomes of both when the system is not as it should be.
describe('kra watch', function()
  local world, root

  before_each(function()
    world = worlds.new()
    root = world.dir .. '/repo'
    world:check({ 'git', 'init', '-q', root })
  end)
  after_each(function() world:close() end)

  local function lines()
    local out = {}
    for line in (world:read('watched') or ''):gmatch('[^\n]+') do table.insert(out, vim.json.decode(line)) end
    return out
  end
  -- Below `directory`, until the world is closed; the first line has come.
  local function watch(directory, before)
    world:run({ 'sh', '-c', (before or '') .. 'nohup "$1" watch "$2" >"$3" 2>"$3.errors" </dev/null &', 'sh', world.repo .. '/build/kra', directory,
      world.dir .. '/watched' })
    return world:wait(function() return lines()[1] end, 'the first line', nil, function() return world:read('watched.errors') end)
  end
  -- "create a.txt": below the root.
  local function told()
    return vim.tbl_map(function(line)
      local from = line.from and (line.from:sub(#root + 2) .. ' ') or ''
      return line.ready and 'ready' or line.lost and 'lost' or ('%s %s%s'):format(line.kind, from, line.path:sub(#root + 2))
    end, lines())
  end
  local function tells(wanted)
    world:wait(function() return vim.list_contains(told(), wanted) end, wanted, nil, function() return told() end)
  end

  it('tells of each kind of change, with writer and time, and not of what git ignores', function()
    world:write('repo/.gitignore', '*.log\n')
    world:write('repo/a.txt', 'one\n')
    local ready = watch(root)
    assert.is_true(ready.ready)
    assert.equals('inotify', ready.backend)
    world:write('repo/a.txt', 'two\n')
    tells('modify a.txt')
    world:write('repo/x.log', 'noise\n')
    world:write('repo/sub/b.txt', 'b\n')
    tells('create sub/b.txt')
    assert(os.rename(root .. '/sub/b.txt', root .. '/c.txt'))
    world:wait(function() return table.concat(told(), '\n'):find('c.txt', 1, true) end, 'the new name', nil, function() return told() end)
    os.remove(root .. '/a.txt')
    tells('delete a.txt')
    assert.falsy(table.concat(told(), '\n'):find('x.log', 1, true))
    local change = lines()[2]
    assert.equals('external', change.writer)
    assert.truthy(change.at:find('^%d+%-%d+%-%d+T'))
  end)

  it('goes on when the daemon was killed, and says that something may be missing', function()
    watch(root)
    local pid = vim.json.decode(world:kra('status', '--json').stdout).daemon.pid
    vim.uv.kill(pid, 'sigkill')
    world:wait(function() return #lines() > 1 end, 'a second first line', nil, function() return told() end)
    assert.is_true(lines()[2].ready and lines()[2].lost)
    world:write('repo/a.txt', 'one\n')
    tells('create a.txt')
  end)

  it('finds a root again that was away', function()
    world:write('repo/a.txt', 'one\n')
    watch(root)
    assert(os.rename(root, world.dir .. '/away'))
    tells('delete a.txt')
    assert(os.rename(world.dir .. '/away', root))
    tells('create a.txt')
    world:write('repo/a.txt', 'two\n')
    tells('modify a.txt')
  end)

  it('follows no links round and round, and tells of a file in the place of which a directory stands', function()
    world:write('repo/a', 'one\n')
    assert(vim.uv.fs_symlink(root, root .. '/loop'))
    assert(vim.uv.fs_symlink(root .. '/to', root .. '/to'))
    watch(root)
    os.remove(root .. '/a')
    world:write('repo/a/b.txt', 'b\n')
    tells('delete a')
    tells('create a/b.txt')
    assert.falsy(table.concat(told(), '\n'):find('loop/', 1, true))
  end)

  it('keeps what it told for `kra changes`', function()
    world:write('repo/a.txt', 'one\n')
    world:write('repo/b.txt', 'one\n')
    watch(root)
    assert.equals(0, world:kra('note', 'edit', root .. '/a.txt', '--by', 'claude').code)
    world:write('repo/a.txt', 'two\n')
    tells('modify a.txt')
    world:write('repo/b.txt', 'two\n')
    tells('modify b.txt')
    local function changes(...)
      local result = world:run({ world.repo .. '/build/kra', 'changes', '--json', ... })
      assert.equals(0, result.code)
      return vim.tbl_map(function(change) return change.writer .. ' ' .. vim.fs.basename(change.path) end, vim.json.decode(result.stdout).changes)
    end
    world:wait(function() return #changes(root) == 2 end, 'two changes', nil, changes)
    assert.same({ 'claude a.txt', 'external b.txt' }, changes(root))
    assert.same({ 'claude a.txt' }, changes('--by', 'claude'))
    assert.same({}, changes('--since', '2099-01-01'))
    assert.truthy(world:kra('changes').stdout:find('claude', 1, true))
    assert.equals(2, world:kra('changes', '--since', 'sometimes').code)
  end)

  it('knows who wrote by the hooks of coding agents, as the help has them', function()
    if vim.fn.executable('jq') == 0 then return pending('no jq here') end
    local help, hooks = assert(world:read(world.repo .. '/doc/kra.txt')), {}
    local script = help:match('%*kra%-agents%*.->sh\n(.-)\n<\n'):gsub('\n    ', '\n'):gsub('^ +', '')
    vim.uv.fs_chmod(world:write('home/.config/kra/agent-hook', script .. '\n'), tonumber('755', 8))
    for block in help:gmatch('>json\n(.-)\n<\n') do
      vim.json.decode(block)
      for command, by in block:gmatch('"command": "(%S+ note (%S+))"') do hooks[by] = command end
    end
    watch(root)
    local named = {}
    for by, command in pairs(hooks) do
      local path = world:write(('repo/the file of %s.txt'):format(by), 'one\n')
      local data = by == 'cursor' and { file_path = path } or { tool_name = 'Edit', tool_input = { file_path = path } }
      for _, words in ipairs({ command, (command:gsub('note %S+', 'flush')) }) do
        local result = world:run({ 'sh', '-c', words }, { stdin = vim.json.encode(data) })
        assert.same({ 0, '', '' }, { result.code, result.stdout, result.stderr })
      end
      tells(('create the file of %s.txt'):format(by))
      table.insert(named, by)
    end
    table.sort(named)
    assert.same({ 'claude', 'cursor', 'gemini' }, named)
    for _, by in ipairs(named) do
      world:wait(function() return world:kra('changes', '--by', by).stdout:find('the file of ' .. by, 1, true) end, 'a change by ' .. by)
    end
  end)

  -- The limits of a user namespace of its own.
  local function limited(limit)
    local able = world:run({ 'unshare', '-Ur', 'sh', '-c', limit }).code == 0
    if not able then pending('no user namespace with limits of its own here') end
    return able and ("exec unshare -Ur sh -c '%s; exec \"$0\" \"$@\"' "):format(limit)
  end
  local function problems()
    local found = vim.json.decode(world:kra('doctor', '--json').stdout)
    return vim.inspect(found)
  end

  local function health()
    local editor = world:nvim({ args = { '-u', 'NONE', '-i', 'NONE', '-n' } })
    editor:command('runtime plugin/kra.lua')
    editor:lua("require('kra.live').start() require('kra.rpc').connect(function() end, true)")
    world:wait(function() return editor:lua("return require('kra.rpc').connected()") end, 'a connection')
    editor:command('checkhealth kra')
    return table.concat(editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
  end

  it('names a directory that may not be read, and takes it up when it may', function()
    world:write('repo/shut/a.txt', 'one\n')
    local shut = root .. '/shut'
    vim.uv.fs_chmod(shut, 0)
    -- Root may read everything, unless that is taken from it.
    local nobody = vim.uv.getuid() == 0 and { 'setpriv', '--bounding-set', '-dac_override,-dac_read_search' } or {}
    world:check(vim.list_extend(nobody, { world.repo .. '/build/kra', 'daemon', 'start' }))
    watch(root)
    local function named(is)
      world:wait(function() return (problems():find('shut may not be read', 1, true) ~= nil) == is end, is and 'the problem' or 'no problem', 5000,
        problems)
    end
    named(true)
    local said = health()
    assert.truthy(said:find('shut may not be read', 1, true), said)
    assert.truthy(said:find('chmod u+rx', 1, true), said)
    vim.uv.fs_chmod(shut, tonumber('755', 8))
    named(false)
    world:write('repo/shut/a.txt', 'two\n')
    tells('modify shut/a.txt')
    vim.uv.fs_chmod(shut, 0)
    named(true)
    vim.uv.fs_chmod(shut, tonumber('755', 8))
    named(false)
    world:write('repo/shut/b.txt', 'three\n')
    tells('create shut/b.txt')
    assert.falsy(table.concat(told(), '\n'):find('delete', 1, true))
  end)

  it('without an inotify instance looks at loaded files only, and the doctor says so', function()
    local front = limited('echo 0 >/proc/sys/user/max_inotify_instances')
    if not front then return end
    world:run({ 'sh', '-c', front .. '"$1" daemon start', 'sh', world.repo .. '/build/kra' })
    local ready = watch(root)
    assert.equals('poll', ready.backend)
    assert.is_true(ready.limited)
    assert.truthy(problems():find('directories cannot be watched', 1, true), problems())
    local said = health()
    for _, words in ipairs({ 'directories cannot be watched', 'fs.inotify.max_user_instances' }) do
      assert.truthy(said:find(words, 1, true), said)
      local doctor = world:kra('doctor').stdout
      assert.truthy(doctor:find(words, 1, true), doctor)
    end
  end)

  it('with too few watches goes on with the directories of loaded files, and the doctor says so', function()
    local front = limited('echo 12 >/proc/sys/user/max_inotify_watches')
    if not front then return end
    for i = 1, 40 do world:write(('repo/d%d/a.txt'):format(i), 'one\n') end
    world:run({ 'sh', '-c', front .. '"$1" daemon start', 'sh', world.repo .. '/build/kra' })
    assert.is_true(watch(root).limited)
    assert.truthy(problems():find('more directories than may be watched', 1, true), problems())
    local said = health()
    for _, words in ipairs({ 'more directories than may be watched', 'fs.inotify.max_user_watches' }) do
      assert.truthy(said:find(words, 1, true), said)
      local doctor = world:kra('doctor').stdout
      assert.truthy(doctor:find(words, 1, true), doctor)
    end
  end)
end)
