local alone = require('tests.helpers.alone')
local worlds = require('tests.helpers.world')

local SCREEN = [[
  vim.o.columns, vim.o.lines, vim.o.hidden = 160, 50, true
  vim.g.kra = { live = { follow_dwell_ms = 60 } }
]]

-- Notes of the daemon are given by hand: what follows from them is looked at.
describe('a follow window', function()
  local world, editor, a, b

  before_each(function()
    world = worlds.new()
    editor = alone.start(world, SCREEN)
    local text = {}
    for i = 1, 100 do text[i] = 'line ' .. i end
    a = world:write('a.txt', table.concat(text, '\n') .. '\n')
    b = world:write('b.txt', table.concat(text, '\n') .. '\n')
  end)
  after_each(function() world:close() end)

  local function note(path, line, more)
    local file = vim.tbl_extend('force', { path = path, kind = 'modify', line = line, added = 1, removed = 0, writer = 'agent' }, more or {})
    editor:lua("require('kra.serve').answer('files_changed', ...)",
      { root = world.dir, count = 1, files = { file }, text = 'x', cause = '', single = true })
  end
  -- The file and line of every window, the current one marked.
  local function seen()
    return editor:lua([[
      return vim.tbl_map(function(win)
        local name = vim.fs.basename(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(win)))
        return (win == vim.api.nvim_get_current_win() and '*' or '') .. name .. ':' .. vim.api.nvim_win_get_cursor(win)[1]
      end, vim.api.nvim_list_wins())
    ]])
  end
  local function shows(wanted)
    world:wait(function() return vim.deep_equal(wanted, seen()) end, vim.inspect(wanted), 3000, seen)
  end

  it('goes where others write, and the focus stays', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow vsplit')
    assert.same({ '*a.txt:1', 'a.txt:1' }, seen())
    note(b, 41)
    shows({ '*a.txt:1', 'b.txt:41' })
    note(a, 7)
    shows({ '*a.txt:1', 'a.txt:7' })
    local text = editor:lua("return require('kra.follow').text(require('kra.follow').window())")
    assert.truthy(text:find('a.txt:7 %+1%-0 agent$'), text)
    assert.truthy(editor:lua('return vim.wo[require("kra.follow").window()].winbar'):find('kra.pin', 1, true))
  end)

  it('stays a while, and then goes to the newest', function()
    editor:lua("require('kra.config').apply({ live = { follow_dwell_ms = 300 } })")
    editor:command('edit ' .. a)
    editor:command('Kra follow split')
    note(b, 5)
    shows({ '*a.txt:1', 'b.txt:5' })
    note(a, 9)
    note(a, 12)
    assert.same({ '*a.txt:1', 'b.txt:5' }, seen())
    shows({ '*a.txt:1', 'a.txt:12' })
  end)

  it('does not move for many files, for git, or for a file that went away', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow split')
    editor:lua("require('kra.serve').answer('files_changed', ...)", { root = world.dir, count = 37, single = false, cause = 'git checkout main',
      text = '37 files changed: git checkout main', files = { { path = b, kind = 'modify', line = 3 } } })
    note(b, 4, { kind = 'delete' })
    vim.wait(150)
    assert.same({ '*a.txt:1', 'a.txt:1' }, seen())
  end)

  it('stays on its file while it is pinned, whose changes still come', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow split')
    editor:command('wincmd w')
    editor:command('KraPin')
    assert.is_true(editor:lua('return _G.events[#_G.events][2].pinned'))
    editor:command('wincmd w')
    note(b, 4)
    vim.wait(150)
    assert.same({ '*a.txt:1', 'a.txt:1' }, seen())
    world:write(a, 'changed\n')
    editor:lua("require('kra.live').check_all()")
    assert.same({ 'changed' }, editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'))
    editor:command('wincmd w')
    assert.truthy(editor:lua("return require('kra').statusline()"):find('📌', 1, true))
    editor:command('KraPin')
    editor:command('wincmd w')
    note(b, 4)
    shows({ '*a.txt:1', 'b.txt:4' })
    editor:command('KraPin!')
    note(a, 1)
    vim.wait(150)
    assert.same({ '*a.txt:1', 'b.txt:4' }, seen())
  end)

  it('is pinned when somebody types in it, until told otherwise', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow')
    editor:request('nvim_input', 'ix<Esc>')
    world:wait(function() return editor:lua("return require('kra.pin').pinned(vim.api.nvim_get_current_win())") end, 'a pinned window')
    assert.truthy(table.concat(editor:lua('return _G.said')):find('you typed in the follow window', 1, true))
  end)

  it('says how to turn it on when a window is pinned for nothing', function()
    editor:command('KraPin')
    assert.truthy(table.concat(editor:lua('return _G.said')):find(':Kra follow turns it on', 1, true))
  end)

  it('that is the one in use waits until no key was pressed for a while', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow current')
    editor:request('nvim_input', 'j')
    vim.wait(30)
    note(b, 4)
    vim.wait(300)
    assert.same({ '*a.txt:2' }, seen())
    shows({ '*b.txt:4' })
    -- Not away from what is not written.
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'mine' })")
    note(a, 3)
    vim.wait(200)
    assert.same({ '*b.txt:4' }, seen())
  end)

  it('keeps to a directory', function()
    editor:command('edit ' .. a)
    vim.fn.mkdir(world.dir .. '/sub')
    local c = world:write('sub/c.txt', 'c\n')
    editor:command('Kra follow vsplit ' .. world.dir .. '/sub')
    note(b, 4)
    vim.wait(100)
    assert.same({ '*a.txt:1', 'a.txt:1' }, seen())
    note(c, 1)
    shows({ '*a.txt:1', 'c.txt:1' })
  end)

  it('does not take windows of plugins', function()
    editor:command('help')
    editor:command('Kra follow')
    local before = seen()
    note(a, 1)
    vim.wait(100)
    assert.same(before, seen())
  end)

  it('never takes a key, and never the focus', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow vsplit')
    local keys = { 'j', 'k', 'w', 'ia', 'b', 'c', '<Esc>', 'x', 'u', 'v', 'l', '<Esc>', 'A!', '<CR>', '<Esc>', ':', '2<CR>', 'G', 'gg', 'dd', 'u' }
    local state = 7
    for i = 1, 400 do
      state = (state * 1103515245 + 12345) % 2147483648
      editor:request('nvim_input', keys[math.floor(state / 65536) % #keys + 1])
      if i % 5 == 0 then note(i % 10 == 0 and a or b, state % 100 + 1) end
    end
    editor:request('nvim_input', '<Esc>')
    world:wait(function() return editor:request('nvim_get_mode').mode == 'n' end, 'Normal mode')
    -- Only the file in use has keys in it.
    assert.is_false(editor:lua('return vim.bo[vim.fn.bufnr(...)].modified', b))
    assert.equals(a, editor:lua('return vim.api.nvim_buf_get_name(0)'))
    assert.equals(1, editor:lua('return vim.api.nvim_win_get_number(0)'))
  end)

  it('shows a file that nobody had loaded where it differs from the last commit', function()
    local repo = world.dir .. '/repo'
    world:check({ 'git', 'init', '-q', repo })
    local lines = {}
    for i = 1, 100 do lines[i] = 'line ' .. i end
    local path = world:write('repo/in/c.txt', table.concat(lines, '\n') .. '\n')
    world:check({ 'git', '-C', repo, 'add', '-A' })
    world:check({ 'git', '-C', repo, 'commit', '-qm', 'one' })
    lines[77] = 'by the agent'
    world:write(path, table.concat(lines, '\n') .. '\n')
    editor:command('edit ' .. a)
    editor:command('Kra follow vsplit')
    note(path, nil, { line = vim.NIL, added = vim.NIL, removed = vim.NIL })
    shows({ '*a.txt:1', 'c.txt:77' })
    local text = editor:lua("return require('kra.follow').text(require('kra.follow').window())")
    assert.truthy(text:find('c.txt:77 %+1%-1 agent$'), text)
    -- The line is marked, though nobody saw it change.
    local marks = editor:lua([[return vim.api.nvim_buf_get_extmarks(vim.fn.bufnr(...), vim.api.nvim_create_namespace('kra_tint'), 0, -1, {})]], path)
    assert.same({ 76 }, vim.tbl_map(function(mark) return mark[2] end, marks))
  end)

  -- Another editor in the same place, with a screen: what opens by itself opens there only.
  local function second_editor()
    local second = alone.start(world, SCREEN)
    second:request('nvim_ui_attach', 160, 50, {})
    second:command('edit ' .. a)
    return second
  end

  it('is opened by the first change where it was wanted last time, and is not where it was turned off', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow vsplit')
    local first = editor
    editor = second_editor()
    assert.same({ '*a.txt:1' }, seen())
    note(b, 41)
    shows({ '*a.txt:1', 'b.txt:41' })
    -- Closed: that was no wish to see it again.
    editor:lua("vim.api.nvim_win_close(require('kra.follow').window(), true)")
    note(b, 50)
    vim.wait(150)
    assert.same({ '*a.txt:1' }, seen())
    first:command('Kra follow off')
    editor = second_editor()
    note(b, 41)
    vim.wait(150)
    assert.same({ '*a.txt:1' }, seen())
  end)

  it('comes back with the session', function()
    editor:command('edit ' .. a)
    editor:command('Kra follow vsplit ' .. world.dir)
    local state = editor:lua("return vim.mpack.encode((require('kra.session').capture()))")
    editor = alone.start(world, SCREEN)
    editor:lua("_G.done = false require('kra.session').restore(vim.mpack.decode(...), { done = function() _G.done = true end })", state)
    world:wait(function() return editor:lua('return _G.done') end, 'the session')
    note(b, 12)
    shows({ '*a.txt:1', 'b.txt:12' })
  end)

  it('comes back pinned with the session', function()
    editor:command('edit ' .. a)
    editor:command('split ' .. b)
    editor:command('KraPin')
    local state = editor:lua("return vim.mpack.encode((require('kra.session').capture()))")
    local second = world:nvim({ args = { '-u', 'NONE', '-i', 'NONE', '-n' } })
    second:command('runtime plugin/kra.lua')
    second:lua("_G.done = false require('kra.session').restore(vim.mpack.decode(...), { done = function() _G.done = true end })", state)
    world:wait(function() return second:lua('return _G.done') end, 'the session')
    assert.same({ true, false }, second:lua('return vim.tbl_map(require("kra.pin").pinned, vim.api.nvim_list_wins())'))
  end)
end)
