local worlds = require('tests.helpers.world')

-- Daemon and editors for real: what is written outside is in the buffers.
describe('live sync', function()
  local world, editor

  local function start(opts)
    local new = world:nvim(vim.tbl_extend('force', { args = { '-u', 'NONE', '-i', 'NONE', '-n' } }, opts or {}))
    new:command('runtime plugin/kra.lua')
    new:lua([[
      vim.o.columns, vim.o.lines, vim.o.hidden = 160, 50, true
      _G.events = {}
      vim.api.nvim_create_autocmd('User', { pattern = 'Kra*', callback = function(e) table.insert(_G.events, { e.match, e.data }) end })
      require('kra.live').start()
      require('kra.rpc').connect(function() end, true)
    ]])
    world:wait(function() return new:lua("return require('kra.rpc').connected()") end, 'a connection')
    return new
  end

  before_each(function()
    world = worlds.new()
    editor = start()
  end)
  after_each(function() world:close() end)

  local function open(path, who)
    who = who or editor
    who:command('edit ' .. path)
    world:wait(function()
      return who:lua("local image = require('kra.live.image').get(vim.api.nvim_get_current_buf()) return image and image.seq ~= nil")
    end, 'a file that the daemon watches', nil, function() return who:lua("return require('kra.live.image').get(vim.api.nvim_get_current_buf())") end)
  end
  local function text(path, who)
    return table.concat((who or editor):lua('return vim.api.nvim_buf_get_lines(vim.fn.bufnr(...), 0, -1, false)', path), '\n') .. '\n'
  end
  local function arrives(path, wanted, who)
    world:wait(function() return text(path, who) == wanted end, vim.inspect(wanted), 3000, function() return text(path, who) end)
  end

  local styles = {
    ['in place'] = function(path, bytes) world:write(path, bytes) end,
    ['aside and renamed'] = function(path, bytes)
      world:write(path .. '.new', bytes)
      assert(os.rename(path .. '.new', path))
    end,
    ['gone and there again'] = function(path, bytes)
      os.remove(path)
      vim.wait(30)
      world:write(path, bytes)
    end,
    ['in two halves'] = function(path, bytes)
      local file = assert(io.open(path, 'wb'))
      file:setvbuf('no')
      file:write(bytes:sub(1, #bytes / 2))
      vim.wait(20)
      file:write(bytes:sub(#bytes / 2 + 1))
      file:close()
    end,
  }
  for name, write in pairs(styles) do
    it('brings in what is written ' .. name, function()
      local path = world:write('a.txt', 'one\ntwo\nthree\n')
      open(path)
      write(path, 'one\nTWO\nthree\nfour\n')
      arrives(path, 'one\nTWO\nthree\nfour\n')
      write(path, 'zero\none\nTWO\nthree\n')
      arrives(path, 'zero\none\nTWO\nthree\n')
      assert.is_false(editor:lua('return vim.bo.modified'))
    end)
  end

  it('merges, and a write goes out and comes into another editor', function()
    local path = world:write('a.txt', 'one\ntwo\nthree\n')
    open(path)
    local other = start()
    open(path, other)
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'ONE' })")
    world:write(path, 'one\ntwo\nTHREE\n')
    arrives(path, 'ONE\ntwo\nTHREE\n')
    arrives(path, 'one\ntwo\nTHREE\n', other)
    editor:request('nvim_input', ':w<CR>')
    arrives(path, 'ONE\ntwo\nTHREE\n', other)
    assert.equals('ONE\ntwo\nTHREE\n', world:read(path))
    assert.is_false(other:lua('return vim.bo.modified'))
  end)

  it('takes no write of its own for one of others', function()
    local path = world:write('a.txt', 'one\n')
    open(path)
    for i = 1, 20 do
      editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { ... }) vim.cmd('silent write')", 'own ' .. i)
    end
    world:write(path, 'theirs\n')
    arrives(path, 'theirs\n')
    local changes = vim.tbl_filter(function(event) return event[1] == 'KraExternalChange' and event[2].path == path end,
      editor:lua('return _G.events'))
    assert.equals(1, #changes)
  end)

  it('does not take for its own what others write again of what it wrote once', function()
    local path = world:write('a.txt', 'one\n')
    open(path)
    local daemon = editor:lua("return require('kra.rpc').peer().pid")
    -- The daemon sees neither write, only what is left of both.
    vim.uv.kill(daemon, 'sigstop')
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'own' }) vim.cmd('silent write')")
    world:write(path, 'theirs\n')
    vim.uv.kill(daemon, 'sigcont')
    arrives(path, 'theirs\n')
    world:write(path, 'own\n')
    arrives(path, 'own\n')
  end)

  it('finds out after the daemon was away', function()
    local path = world:write('a.txt', 'one\n')
    open(path)
    world:run({ world.repo .. '/build/kra', 'daemon', 'stop' })
    world:wait(function() return not editor:lua("return require('kra.rpc').connected()") end, 'a lost connection')
    world:write(path, 'two\n')
    editor:lua("require('kra.rpc').connect(function() end, true)")
    arrives(path, 'two\n')
    world:write(path, 'three\n')
    arrives(path, 'three\n')
  end)

  it('follows a file to its new name', function()
    local path = world:write('a.txt', 'one\ntwo\n')
    open(path)
    assert(os.rename(path, world.dir .. '/b.txt'))
    world:wait(function() return editor:lua('return vim.api.nvim_buf_get_name(0)') == world.dir .. '/b.txt' end, 'the new name', 3000)
    world:write('b.txt', 'one\nTWO\n')
    arrives(world.dir .. '/b.txt', 'one\nTWO\n')
  end)

  it('tells others of files that are made, renamed and gone, though nobody has them loaded', function()
    world:check({ 'git', 'init', '-q', world.dir .. '/repo' })
    open(world:write('repo/a.txt', 'one\n'))
    local function events()
      return editor:lua([[return vim.tbl_map(function(event)
        local data = event[2] or {}
        return ('%s %s%s %s'):format(data.kind, data.from and vim.fs.basename(data.from) .. ' ' or '', vim.fs.basename(data.path or ''), data.writer)
      end, vim.tbl_filter(function(event) return event[1] == 'KraExternalChange' end, _G.events))]])
    end
    local function told(wanted)
      world:wait(function() return vim.list_contains(events(), wanted) end, wanted, nil, events)
    end
    world:write('repo/new.txt', 'new\n')
    told('create new.txt ')
    vim.wait(300) -- a new one that is renamed at once is the file of the new name
    assert(os.rename(world.dir .. '/repo/new.txt', world.dir .. '/repo/other.txt'))
    told('rename new.txt other.txt ')
    os.remove(world.dir .. '/repo/other.txt')
    told('delete other.txt ')
  end)

  it('follows files to the new name of their directory, what is unsaved with them', function()
    world:check({ 'git', 'init', '-q', world.dir .. '/repo' })
    local paths = {}
    for i, name in ipairs({ 'in/a.txt', 'in/deep/b.txt' }) do
      paths[i] = world:write('repo/' .. name, 'one\ntwo\nthree\n')
      open(paths[i])
    end
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'ONE' })")
    assert(os.rename(world.dir .. '/repo/in', world.dir .. '/repo/out'))
    local function names()
      return editor:lua('return vim.tbl_map(function(b) return b.name end, vim.fn.getbufinfo({ bufloaded = 1 }))')
    end
    local wanted = { world.dir .. '/repo/out/a.txt', world.dir .. '/repo/out/deep/b.txt' }
    world:wait(function()
      local now = vim.tbl_filter(function(name) return name ~= '' end, names())
      table.sort(now)
      return vim.deep_equal(wanted, now)
    end, 'the new names', 3000, function() return vim.inspect(names()) end)
    assert.equals('ONE\ntwo\nthree\n', text(wanted[2]))
    world:write(wanted[2], 'one\ntwo\nTHREE\n')
    arrives(wanted[2], 'ONE\ntwo\nTHREE\n')
    world:write(wanted[1], 'other\n')
    arrives(wanted[1], 'other\n')
  end)

  it('shows in a follow window where somebody writes', function()
    world:check({ 'git', 'init', '-q', world.dir .. '/repo' })
    local lines = {}
    for i = 1, 60 do lines[i] = 'line ' .. i end
    local a = world:write('repo/a.txt', table.concat(lines, '\n') .. '\n')
    local b = world:write('repo/b.txt', table.concat(lines, '\n') .. '\n')
    open(b)
    open(a)
    editor:command('Kra follow vsplit')
    lines[41] = 'changed'
    world:write(b, table.concat(lines, '\n') .. '\n')
    world:wait(function()
      local win = editor:lua("return require('kra.follow').window()")
      return editor:lua('return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(...))', win) == b and
        editor:lua('return vim.api.nvim_win_get_cursor(...)[1]', win) == 41
    end, 'the changed line in the follow window', 5000)
    assert.equals(a, editor:lua('return vim.api.nvim_buf_get_name(0)'))
  end)

  it('follows another work tree of the repository, in which nothing is loaded, and no write of its own', function()
    world:check({ 'git', 'init', '-q', world.dir .. '/repo' })
    local a = world:write('repo/a.txt', 'one\n')
    world:check({ 'git', '-C', world.dir .. '/repo', 'add', '-A' })
    world:check({ 'git', '-C', world.dir .. '/repo', 'commit', '-qm', 'one' })
    world:check({ 'git', '-C', world.dir .. '/repo', 'worktree', 'add', '-q', world.dir .. '/other' })
    local c = world:write('other/c.txt', 'one\ntwo\n')
    open(a)
    editor:command('Kra follow vsplit ' .. world.dir .. '/other')
    local function shown()
      return editor:lua("return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(require('kra.follow').window()))")
    end
    local count = 0
    world:wait(function()
      count = count + 1
      world:write(c, 'one\ntwo ' .. count .. '\n')
      vim.wait(200)
      return shown() == c
    end, 'the file of the other tree', 5000, shown)
    editor:command('Kra follow vsplit')
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'own' }) vim.cmd('silent write')")
    vim.wait(400)
    assert.is_nil(editor:lua("return require('kra.follow').text(require('kra.follow').window())"):match(':%d'))
  end)

  it('follows in a tmux pane beside the editor', function()
    local init = world:write('init.lua', ("vim.opt.rtp:prepend('%s')\n"):format(world.repo))
    world:check({ 'git', 'init', '-q', world.dir .. '/repo' })
    local a = world:write('repo/a.txt', 'one\n')
    local lines = {}
    for i = 1, 60 do lines[i] = 'line ' .. i end
    local b = world:write('repo/b.txt', table.concat(lines, '\n') .. '\n')
    world:start_tmux('-s', 'main', '-x', '200', '-y', '50', '-c', world.dir .. '/repo')
    world:tmux('send-keys', '-t', 'main', ('nvim -u %s -i NONE -n %s'):format(init, a), 'Enter')
    local function screen(pane) return world:tmux('capture-pane', '-p', '-t', 'main.' .. pane) end
    world:wait(function() return screen(0):find('one\n~', 1, true) end, 'the editor', nil, function() return screen(0) end)
    world:tmux('send-keys', '-t', 'main', ':Kra follow tmux', 'Enter')
    world:wait(function() return world:tmux('list-panes', '-t', 'main', '-F', '#{pane_active} #{pane_current_command}') == '1 nvim\n0 nvim' end,
      'a second pane, without the focus', nil, function() return screen(0) end)
    local count = 0
    world:wait(function()
      count = count + 1
      lines[41] = 'changed ' .. count
      world:write(b, table.concat(lines, '\n') .. '\n')
      vim.wait(200)
      return screen(1):find('changed %d') and screen(1):find('b.txt', 1, true)
    end, 'the change in the other pane', nil, function() return screen(1) end)
    assert.truthy(world:tmux('display-message', '-p', '-t', 'main', '#{pane_index}') == '0')
  end)

  it('lists what changed in files that nobody has loaded, by time and by whom, and goes there', function()
    local repo = world.dir .. '/repo'
    world:check({ 'git', 'init', '-q', repo })
    local lines = {}
    for i = 1, 60 do lines[i] = 'line ' .. i end
    local whole = table.concat(lines, '\n') .. '\n'
    local a = world:write('repo/a.txt', whole)
    local b = world:write('repo/in/b.txt', whole)
    local c = world:write('repo/c %.txt', whole)
    world:check({ 'git', '-C', repo, 'add', '-A' })
    world:check({ 'git', '-C', repo, 'commit', '-qm', 'one' })
    editor:command('cd ' .. repo)
    open(a)
    lines[41] = 'changed'
    world:write(b, table.concat(lines, '\n') .. '\n')
    world:check({ world.repo .. '/build/kra', 'note', 'edit', c, '--by', 'claude' })
    world:write(c, table.concat(lines, '\n') .. '\n')
    lines[1] = 'here too'
    world:write(a, table.concat(lines, '\n') .. '\n')
    arrives(a, table.concat(lines, '\n') .. '\n')
    local function listed(filter)
      editor:lua("vim.fn.setqflist({}, 'r') vim.cmd('Kra changes ' .. ...)", filter)
      world:wait(function() return editor:lua('return #vim.fn.getqflist() > 0') end, 'a list')
      editor:command('cclose')
      return editor:lua([[
        return vim.tbl_map(function(row)
          return vim.fs.basename(vim.api.nvim_buf_get_name(row.bufnr)) .. ' ' .. row.text:gsub(', %d+ s ago', '')
        end, vim.fn.getqflist())
      ]])
    end
    local here = { 'a.txt outside: +1 -1', 'a.txt outside: +1 -1' }
    local all = vim.list_extend({ 'c %.txt claude: modify, not loaded', 'b.txt outside: modify, not loaded' }, here)
    table.sort(all)
    local function sorted(filter)
      local rows = listed(filter)
      table.sort(rows)
      return rows
    end
    world:wait(function() return vim.deep_equal(all, sorted('')) end, 'all of them', 3000, function() return sorted('') end)
    assert.same({ 'c %.txt claude: modify, not loaded' }, listed('claude'))
    assert.same(all, sorted('10m'))
    assert.same({ 'a.txt outside: +1 -1', 'a.txt outside: +1 -1', 'b.txt outside: modify, not loaded' }, sorted('outside'))
    local function place() return editor:lua("return vim.fs.basename(vim.api.nvim_buf_get_name(0)) .. ':' .. vim.fn.line('.')") end
    local function goes(way, wanted)
      editor:lua("require('kra.changes').go(...)", way)
      world:wait(function() return place() == wanted end, wanted, 3000, place)
    end
    editor:command('1')
    goes(1, 'a.txt:41')
    goes(1, 'c %.txt:41')
    goes(1, 'b.txt:41')
    goes(-1, 'a.txt:41')
    goes(-1, 'a.txt:1')
    -- Somebody says afterwards that it was him.
    world:check({ world.repo .. '/build/kra', 'note', 'edit', a, '--by', 'gemini' })
    local by_gemini = { 'a.txt gemini: +1 -1', 'a.txt gemini: +1 -1' }
    world:wait(function() return vim.deep_equal(by_gemini, listed('gemini')) end, 'his changes', 3000, function() return listed('gemini') end)
    here = by_gemini
    -- What this editor writes itself is no change from outside.
    editor:lua("vim.cmd('edit ' .. ...) vim.cmd('normal! Gox') vim.cmd('silent write') vim.cmd('bwipeout')", b)
    world:wait(function() return vim.deep_equal(here, listed('')) end, 'only what came from outside', 3000, function() return listed('') end)
  end)

  it('lets syncs wait while the editor is paused, and no longer than it lives', function()
    local kra = world.repo .. '/build/kra'
    local repo = world.dir .. '/repo'
    world:check({ 'git', 'init', '-q', '-b', 'main', repo })
    local path = world:write('repo/a.txt', 'one\n')
    world:check({ 'git', '-C', repo, 'add', '-A' })
    world:check({ 'git', '-C', repo, 'commit', '-qm', 'one' })
    world:check({ 'git', 'init', '-q', '--bare', '-b', 'main', world.dir .. '/remote' })
    world:check({ 'git', '-C', repo, 'remote', 'add', 'origin', world.dir .. '/remote' })
    world:check({ kra, 'sync', 'enable' }, { cwd = repo })
    local function held_by()
      return vim.json.decode(world:check({ kra, 'sync', 'snapshot', '--json' }, { cwd = repo })).held_by
    end
    local function waits_for(who)
      world:wait(function() return held_by() == who end, 'held by ' .. (who == '' and 'nobody' or who), 10000, held_by)
    end
    open(path)
    editor:command('Kra pause')
    waits_for('Neovim is paused')
    editor:command('Kra resume')
    waits_for('')
    editor:command('Kra pause')
    waits_for('Neovim is paused')
    editor:stop('sigkill')
    waits_for('')
  end)

  it('says what it cannot watch and what to do, and takes it up again when it is back', function()
    local path = world:write('in/here/a.txt', 'one\n')
    open(path)
    vim.fn.delete(world.dir .. '/in', 'rf')
    local wanted = world.dir .. '/in/here is not there; it is looked for every second'
    local function problems()
      return vim.json.decode(world:kra('status', '--json').stdout).problems
    end
    world:wait(function()
      return #vim.tbl_filter(function(problem) return problem.code == 'watch-absent' and problem.text == wanted end, problems()) == 1
    end, 'the problem', 5000, function() return vim.inspect(problems()) end)
    local doctor = world:kra('doctor').stdout
    assert.truthy(doctor:find(wanted, 1, true), doctor)
    world:wait(function() return editor:lua("return require('kra.live').status().behind") == 1 end, 'a buffer whose file is gone')
    editor:command('checkhealth kra')
    local health = table.concat(editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
    assert.truthy(health:find(wanted, 1, true), health)
    assert.truthy(health:find('a.txt is gone from the disk', 1, true), health)
    assert.equals('one\n', text(path))
    world:write(path, 'two\n')
    arrives(path, 'two\n')
    world:wait(function() return #problems() == 0 end, 'no problem', 5000, function() return vim.inspect(problems()) end)
  end)

  it('waits for no editor that hangs, and brings that one up to date when it goes on', function()
    local lines = {}
    for i = 1, 3000 do lines[i] = 'a line that is long enough to fill a socket ' .. i end
    local path = world:write('a.txt', table.concat(lines, '\n') .. '\n')
    local hung = start()
    open(path, hung)
    open(path)
    vim.uv.kill(hung.pid, 'sigstop')
    for round = 1, 8 do
      for i = 1, 3000 do lines[i] = ('round %d, a line that is long enough to fill a socket %d'):format(round, i) end
      world:write(path, table.concat(lines, '\n') .. '\n')
      arrives(path, table.concat(lines, '\n') .. '\n')
    end
    vim.uv.kill(hung.pid, 'sigcont')
    arrives(path, table.concat(lines, '\n') .. '\n', hung)
  end)
end)
