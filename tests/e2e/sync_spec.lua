-- kra sync as a user has it: two work trees of one remote, snapshots, conflicts, writers that take part, and a repository full of traps that
-- must not run anything before its user has agreed.
local worlds = require('tests.helpers.world')

local world

-- `kra …` in a directory of the world.
local function at(directory, ...)
  return world:run({ world.repo .. '/build/kra', ... }, { cwd = world.dir .. '/' .. directory })
end

local function good(directory, ...)
  local result = at(directory, ...)
  assert.equals(0, result.code, table.concat({ ... }, ' ') .. ': ' .. result.stdout .. result.stderr)
  return (result.stdout:gsub('\n$', ''))
end

local function git(directory, ...)
  return world:check({ 'git', '-C', world.dir .. '/' .. directory, '-c', 'user.name=T', '-c', 'user.email=t@t', ... })
end

local function put(path, text) world:write(world.dir .. '/' .. path, text) end
local function get(path) return world:read(world.dir .. '/' .. path) end

-- The other device has a state of its own.
local function other(...)
  local result = world:run({ world.repo .. '/build/kra', ... }, { cwd = world.dir .. '/b', env = { KRA_STATE_DIR = world.dir .. '/state/other' } })
  assert.equals(0, result.code, table.concat({ ... }, ' ') .. ': ' .. result.stdout .. result.stderr)
  return result.stdout
end

describe('kra sync', function()
  before_each(function()
    world = worlds.new()
    world:check({ 'git', 'init', '-q', '--bare', '-b', 'main', world.dir .. '/r.git' })
    world:check({ 'git', 'init', '-q', '-b', 'main', world.dir .. '/a' })
    git('a', 'remote', 'add', 'origin', world.dir .. '/r.git')
    put('a/f', 'one\n')
    git('a', 'add', '-A')
    git('a', 'commit', '-qm', 'first')
    git('a', 'push', '-qu', 'origin', 'main')
    world:check({ 'git', 'clone', '-q', world.dir .. '/r.git', world.dir .. '/b' })
  end)
  after_each(function() world:close() end)

  it('does nothing before it is enabled, and asks before it moves a branch', function()
    local result = at('a', 'sync')
    assert.equals(1, result.code)
    assert.truthy(result.stderr:find('kra sync enable', 1, true))
    assert.equals(4, at('a', 'sync', 'enable', '--mode', 'track').code)
    assert.equals(1, at('a', 'sync').code)
    good('a', 'sync', 'enable', '--mode', 'track', '--yes')
    assert.equals('nothing to sync', good('a', 'sync'))
    local measured = vim.json.decode(good('a', 'metrics', '--json')).sync
    assert.same({ 1, 0 }, { measured.count, measured.failed })
  end)

  it('says in one line what is wrong', function()
    for directory, words in pairs({ ['r.git'] = 'bare repository', ['home'] = 'git init' }) do
      local result = at(directory, 'sync')
      assert.equals(1, result.code)
      assert.truthy(result.stderr:find(words, 1, true), result.stderr)
    end
    world:write(world.dir .. '/bin/git', '#!/bin/sh\necho git version 2.30.2\n')
    vim.uv.fs_chmod(world.dir .. '/bin/git', tonumber('755', 8))
    local old = at('a', 'sync')
    assert.equals(1, old.code)
    assert.truthy(old.stderr:find('git 2.38 or newer is needed', 1, true), old.stderr)
    assert(os.remove(world.dir .. '/bin/git'))
    git('a', 'remote', 'remove', 'origin')
    local function wrong(directory, code, words, ...)
      local result = at(directory, ...)
      local said = result.stdout .. result.stderr
      assert.equals(code, result.code, said)
      assert.truthy(said:find(words, 1, true), said)
      assert.equals(1, select(2, said:gsub('\n', '')), said)
    end
    wrong('a', 1, '`git remote add`', 'sync', 'enable')
    git('a', 'remote', 'add', 'origin', 'ext::sh -c true')
    wrong('a', 1, 'would start a program', 'sync', 'enable')
    git('a', 'remote', 'set-url', 'origin', world.dir .. '/nowhere.git')
    wrong('a', 2, 'no mode tarck; it is shadow or track', 'sync', 'enable', '--mode', 'tarck')
    good('a', 'sync', 'enable')
    wrong('a', 1, 'nothing was changed, `kra sync` tries again', 'sync')
    assert.equals('one\n', get('a/f'))
    git('a', 'config', 'core.fsmonitor', 'true')
    wrong('a', 4, '`kra sync enable`', 'sync')
    git('a', 'config', '--unset', 'core.fsmonitor')
    git('a', 'checkout', '-q', '--detach')
    wrong('a', 1, '`git switch`', 'sync', 'enable', '--mode', 'track')
    -- Nothing was committed yet: the first commit goes out in either mode.
    world:check({ 'git', 'init', '-q', '-b', 'main', world.dir .. '/young' })
    git('young', 'remote', 'add', 'origin', world.dir .. '/r.git')
    good('young', 'sync', 'enable')
    put('young/first', '1\n')
    assert.truthy(good('young', 'sync'):find('^synced: 1 pushed'))
    assert.equals('?? first', git('young', 'status', '--porcelain'):sub(1, 8))
    assert.equals(2, at('a', 'sync', 'enabel').code)
  end)

  it('takes a work tree in another one for one of its own', function()
    world:check({ 'git', 'init', '-q', '--bare', '-b', 'main', world.dir .. '/inner.git' })
    world:check({ 'git', 'init', '-q', '-b', 'main', world.dir .. '/a/inner' })
    git('a/inner', 'remote', 'add', 'origin', world.dir .. '/inner.git')
    good('a', 'sync', 'enable')
    good('a/inner', 'sync', 'enable')
    put('a/f', 'outer\n')
    put('a/inner/g', 'inner\n')
    good('a', 'sync')
    assert.equals('f', git('r.git', 'ls-tree', '-r', '--name-only', 'refs/kra/sync/main'):gsub('\n', ''))
    good('a/inner', 'sync')
    assert.equals('g', git('inner.git', 'ls-tree', '-r', '--name-only', 'refs/kra/sync/main'):gsub('\n', ''))
    local id = good('a', 'sync', 'snapshot'):match('^snapshot (%S+):')
    put('a/inner/g', 'later\n')
    good('a', 'sync', 'rollback', id)
    assert.equals('later\n', get('a/inner/g'))
  end)

  it('brings both together, keeps both versions, and takes a side', function()
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    put('a/f', 'from a\n')
    put('b/f', 'from b\n')
    good('a', 'sync')
    local told = other('sync')
    local id = told:match('conflict (%x+) f')
    assert.not_nil(id, told)
    assert.equals('from b\n', get('b/f'))
    good('a', 'sync')
    assert.equals('from b\n', get('a/f'))
    assert.equals(' M f', git('a', 'status', '--porcelain', '--untracked-files=no'))
    assert.truthy(vim.json.decode(other('doctor', '--json')), 'doctor')
    other('sync', 'conflicts', 'show', id)
    other('sync', 'conflicts', 'take', 'theirs', id)
    assert.equals('from a\n', get('b/f'))
    local status = vim.json.decode((other('sync', 'status', '--json')))
    assert.equals('shadow', status.mode)
    assert.equals('synced', status.last.state)
  end)

  it('is there in an editor: syncs, and lists conflicts in the quickfix list', function()
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    put('b/f', 'from b\n')
    other('sync')
    local editor = world:nvim({ cwd = world.dir .. '/a' })
    editor:command('runtime plugin/kra.lua | edit f')
    editor:command('let g:done = 0')
    editor:command('autocmd User KraSyncDone let g:done += 1')
    editor:command('Kra sync')
    world:wait(function() return editor:lua('return vim.g.done') == 1 end, 'a sync')
    assert.same({ 'from b' }, editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'))
    put('a/f', 'from a\n')
    put('b/f', 'b again\n')
    other('sync')
    good('a', 'sync')
    editor:command('Kra sync conflicts')
    world:wait(function() return editor:lua('return #vim.fn.getqflist()') == 1 end, 'the list')
    assert.truthy(editor:lua('return vim.fn.getqflist()[1].text'):find('both changed it', 1, true))
    editor:stop()
  end)

  -- An editor in `a` that the daemon knows; `g:done` counts its syncs.
  local function connected_editor()
    local editor = world:nvim({ cwd = world.dir .. '/a' })
    editor:command('runtime plugin/kra.lua')
    editor:lua([[
      _G.events = {}
      vim.api.nvim_create_autocmd('User', { pattern = 'Kra*', callback = function(e) table.insert(_G.events, { e.match, e.data }) end })
      require('kra.live').start()
      require('kra.rpc').connect(function() end, true)
    ]])
    world:wait(function() return editor:lua("return require('kra.rpc').connected()") end, 'a connection')
    return editor
  end
  local function told(editor, name)
    for _, event in ipairs(editor:lua('return _G.events')) do
      if event[1] == name then return event[2] end
    end
  end

  it('asks editors before it writes, and tells them what it wrote', function()
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    put('b/f', 'from b\n')
    put('b/g', 'new\n')
    other('sync')
    local editor = connected_editor()
    editor:command('edit f')
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'typed' })")
    local result = at('a', 'sync')
    assert.equals(4, result.code, result.stdout .. result.stderr)
    assert.truthy(result.stdout:find('an editor holds unsaved text', 1, true), result.stdout)
    assert.equals('one\n', get('a/f'))
    assert.equals('new\n', get('a/g'))
    editor:command('set nomodified | edit!')
    world:wait(function()
      return editor:lua("local image = require('kra.live.image').get(vim.api.nvim_get_current_buf()) return image and image.seq ~= nil")
    end, 'a file that the daemon watches')
    good('a', 'sync')
    world:wait(function() return editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)[1]') == 'from b' end, 'the text')
    world:wait(function() return told(editor, 'KraExternalChange') end, 'who it was')
    assert.equals('sync', told(editor, 'KraExternalChange').writer)
    -- It has an author, and is no change that a sync would have to take away again.
    assert.equals('nothing to sync', good('a', 'sync'))
    editor:stop()
  end)

  it('happens with the first editor and after the last one', function()
    world:write(world.dir .. '/config/kra/config.yaml', 'sync: {min_interval: 1h, interval: 2h, poll: 0s}\n')
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    good('a', 'sync')
    good('a', 'sync', 'start')
    local function row() return vim.json.decode(good('a', 'status', '--json')).sync[1] end
    put('b/f', 'from b\n')
    other('sync')
    assert.equals('one\n', get('a/f'))
    local editor = connected_editor()
    world:wait(function() return get('a/f') == 'from b\n' end, 'the sync of the first')
    world:wait(function() return told(editor, 'KraSyncDone') end, 'its end')
    -- What the sync wrote is no change of this device.
    assert.equals(0, row().dirty_files)
    put('a/f', 'from a\n')
    world:wait(function() return row().dirty_files == 1 end, 'a change that is seen', nil, row)
    assert.truthy(row().why:find('1 file has changed', 1, true), row().why)
    editor:stop()
    world:wait(function()
      other('sync')
      return get('b/f') == 'from a\n'
    end, 'the sync of the last')
  end)

  it('tells of trouble once, in editors, in tmux and by a command', function()
    world:write(world.dir .. '/bin/tell', '#!/bin/sh\nprintf "%s|" "$@" >>' .. world.dir .. '/told\n')
    vim.uv.fs_chmod(world.dir .. '/bin/tell', tonumber('755', 8))
    world:write(world.dir .. '/config/kra/config.yaml', 'notify: {command: "' .. world.dir .. '/bin/tell  -x"}\n')
    good('a', 'sync', 'enable')
    assert(os.rename(world.dir .. '/r.git', world.dir .. '/away.git'))
    world:start_tmux('-s', 'main', '-c', world.dir .. '/a')
    world:attach('main')
    local client = world:tmux('list-clients', '-F', '#{client_name}'):gsub('\n', '')
    -- The daemon knows a server that saved.
    world:check({ world.repo .. '/build/kra', 'save', 'work' })
    local editor = connected_editor()
    good('a', 'sync', 'start')
    world:wait(function() return told(editor, 'KraProblem') end, 'a word in the editor')
    assert.equals('sync-offline', told(editor, 'KraProblem').code)
    -- The file is there before the words are in it.
    local function heard() return get('told') or '' end
    world:wait(function() return heard():find('^%-x|warn|sync%-offline|sync of ') end, 'a word by the command', nil, heard)
    local function said() return world:tmux('show-messages', '-t', client) end
    world:wait(function() return said():find('message: kra: sync of ' .. world.dir .. '/a', 1, true) end, 'a word in tmux', nil, said)
    local _, times = said():gsub('message: kra: sync of ', '')
    assert.equals(1, times, said())
    local problems = vim.json.decode(good('a', 'status', '--json')).problems
    assert.truthy(vim.iter(problems):any(function(problem) return problem.code == 'sync' end), vim.inspect(problems))
    editor:stop()
  end)

  it('happens by itself where that was asked for, until it is stopped', function()
    world:write(world.dir .. '/config/kra/config.yaml', 'sync: {interval: 1s, min_interval: 1s}\n')
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    put('b/f', 'from b\n')
    other('sync')
    good('a', 'sync', 'start')
    world:wait(function() return get('a/f') == 'from b\n' end, 'a scheduled sync')
    local row = vim.json.decode(good('a', 'status', '--json')).sync[1]
    assert.equals('shadow', row.mode)
    assert.not_equals('', row.next_at)
    good('a', 'sync', 'stop')
    assert.equals('', vim.json.decode(good('a', 'sync', 'status', '--json')).next_at)
    good('a', 'sync', 'start')
    good('a', 'sync', 'emergency-stop')
    world:wait(function() return not vim.json.decode(good('a', 'status', '--json')).daemon.running end, 'the end of the daemon')
  end)

  it('remembers what it watches, and misses nothing of it', function()
    good('a', 'sync', 'enable')
    put('a/.gitignore', '*.out\nbuild/\n')
    put('a/build/kept', 'kept\n')
    git('a', 'add', '-f', 'build/kept')
    good('a', 'sync', 'start')
    local daemon = vim.json.decode(good('a', 'status', '--json')).daemon.pid
    -- What is there, and what the sync or the snapshot has of it.
    local function held(tree)
      return git('a', 'ls-tree', '-r', tree):gsub('%d+ blob ', '')
    end
    local function there()
      local paths = git('a', 'ls-files', '-o', '-c', '--exclude-standard')
      local rows = {}
      for path in vim.gsplit(paths, '\n', { trimempty = true }) do
        if world:read(world.dir .. '/a/' .. path) then
          rows[#rows + 1] = git('a', 'hash-object', '--no-filters', path):gsub('%s', '') .. '\t' .. path
        end
      end
      table.sort(rows, function(left, right) return left:sub(42) < right:sub(42) end)
      return table.concat(rows, '\n')
    end
    local steps = {
      function() put('a/f', 'two\n') end,
      function() put('a/new/deep/file', 'n\n') end,
      function() assert(os.rename(world.dir .. '/a/new', world.dir .. '/a/moved')) end,
      function() put('a/build/kept', 'other\n') put('a/build/not', 'not\n') put('a/x.out', 'not\n') end,
      function() assert(os.remove(world.dir .. '/a/moved/deep/file')) put('a/moved/beside', 'b\n') end,
      function() put('a/.gitignore', 'build/\n') end,
      function() git('a', 'add', '-f', 'build/not') put('a/build/not', 'now\n') end,
      function() good('a', 'sync', 'rollback', vim.split(good('a', 'sync', 'snapshots'), ' ')[1]) put('a/f', 'after\n') end,
      function() put('a/f', 'last\n') end,
    }
    for n, step in ipairs(steps) do
      step()
      assert.truthy(good('a', 'sync', 'snapshot'):find('^snapshot '), n)
      good('a', 'sync')
      git('a', 'fetch', '-q', world.dir .. '/r.git', '+refs/kra/sync/main:refs/heads/seen')
      assert.equals(there(), held('seen'), 'after step ' .. n)
    end
    -- It was the daemon that did it: its gits wait for the next one.
    assert.truthy(world:check({ 'ps', '-o', 'args=', '--ppid', tostring(daemon) }):find('cat-file', 1, true))
    -- One with another way to its remote goes it himself.
    put('a/f', 'by itself\n')
    local alone = world:run({ world.repo .. '/build/kra', 'sync' }, { cwd = world.dir .. '/a', env = { GIT_SSH_COMMAND = 'ssh -v' } })
    assert.equals(0, alone.code, alone.stderr)
    put('a/f', 'and again\n')
    good('a', 'sync')
    assert.equals('and again', git('r.git', 'show', 'refs/kra/sync/main:f'))
  end)

  it('goes back to a snapshot, and back again', function()
    good('a', 'sync', 'enable')
    put('a/f', 'two\n')
    local id = good('a', 'sync', 'snapshot'):match('^snapshot (%S+):')
    put('a/f', 'three\n')
    put('a/new', 'n\n')
    good('a', 'sync', 'rollback', id)
    assert.equals('two\n', get('a/f'))
    assert.is_nil(vim.uv.fs_stat(world.dir .. '/a/new'))
    good('a', 'sync', 'undo')
    assert.equals('three\n', get('a/f'))
    assert.equals(3, at('a', 'sync', 'rollback', 'nothing').code)
    assert.truthy(good('a', 'audit'):find('rollback', 1, true))
    assert.truthy(good('a', 'sync', 'snapshots'):find(id, 1, true))
    good('a', 'sync', 'cleanup', '1')
    assert.equals(1, #vim.split(good('a', 'sync', 'snapshots'), '\n'))
    -- One that was carried away comes back when .git is lost and nothing else is kept.
    put('a/f', 'carried\n')
    good('a', 'sync', 'snapshot', '--bundle', '../kept.bundle')
    good('a', 'sync', 'cleanup', '0')
    assert.equals('', good('a', 'sync', 'snapshots'))
    vim.fn.delete(world.dir .. '/a/.git', 'rf')
    vim.fn.delete(world.dir .. '/state', 'rf')
    put('a/f', 'damaged\n')
    git('a', 'init', '-q', '-b', 'main')
    git('a', 'remote', 'add', 'origin', world.dir .. '/r.git')
    good('a', 'sync', 'enable')
    good('a', 'sync', 'rollback', '../kept.bundle')
    assert.equals('carried\n', get('a/f'))
    assert.equals('first', git('a', 'log', '--format=%s'))
    assert.equals(3, at('a', 'sync', 'rollback', '../none.bundle').code)
  end)

  it('writes only over what was read', function()
    good('a', 'sync', 'enable')
    local base = git('a', 'hash-object', 'f')
    local write = { 'sh', '-c', 'printf new | kra write f --base ' .. base }
    assert.equals(0, world:run(write, { cwd = world.dir .. '/a' }).code)
    assert.equals('new', get('a/f'))
    assert.equals(4, world:run(write, { cwd = world.dir .. '/a' }).code)
  end)

  it('waits for writers that are at work, for as long as it is told', function()
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    put('b/f', 'from b\n')
    other('sync')
    local id = good('a', 'pause', '--ttl', '2', '--reason', 'codegen')
    assert.matches('^%x+$', id)
    local snapshot = vim.json.decode(good('a', 'sync', 'snapshot', '--json'))
    assert.equals('codegen', snapshot.held_by)
    good('a', 'resume', id)
    assert.equals(3, at('a', 'resume').code)
    assert.equals('held', good('a', 'hold', '--', 'echo', 'held'))
    good('a', 'sync')
    assert.equals('from b\n', get('a/f'))
  end)

  it('waits for a service that only knows files, until it has seen the pause', function()
    good('a', 'sync', 'enable')
    other('sync', 'enable')
    put('b/f', 'from b\n')
    other('sync')
    -- The shell function of the README, called until it has waited once.
    local readme = world:read(world.repo .. '/README.md')
    local snippet = assert(readme:match('\n(writers=%.git/kra/writers.-\n}\n)'), 'the function in README.md')
    world:write(world.dir .. '/service', snippet .. [[
      n=0
      while [ $n -lt 400 ] && ! grep -q sync "$writers/$$"; do between_two_changes; n=$((n + 1)); sleep 0.02; done
      cat f
    ]])
    local service
    vim.system({ 'sh', world.dir .. '/service' }, { cwd = world.dir .. '/a', text = true }, function(result) service = result end)
    world:wait(function() return #vim.fn.glob(world.dir .. '/a/.git/kra/writers/*', true, true) == 1 end, 'a service')
    good('a', 'sync')
    world:wait(function() return service end, 'its end')
    assert.equals('from b\n', service.stdout)
    assert.same({}, vim.fn.glob(world.dir .. '/a/.git/kra/writers/*', true, true))
  end)

  it('runs nothing of a repository, before and after it is trusted', function()
    world:write(world.dir .. '/config/kra/config.yaml', 'sync: {sign: never}\n')
    local _, ran = require('tests.helpers.traps').set(world.dir .. '/a', world.dir, function(...) world:check({ 'git', ... }) end)
    for _, words in ipairs({ { 'sync' }, { 'sync', 'plan' }, { 'sync', 'snapshot' }, { 'status' } }) do at('a', unpack(words)) end
    assert.same({}, ran(), 'before')
    good('a', 'sync', 'enable', '--mode', 'track', '--yes')
    put('a/f', 'two\n')
    for _, word in ipairs({ 'plan', 'push', 'pull', 'snapshot', 'undo', 'status' }) do at('a', 'sync', word) end
    -- What the user agreed to.
    assert.same({ 'hook-pre-push' }, ran(), 'after')
  end)
end)
