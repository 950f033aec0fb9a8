local alone = require('tests.helpers.alone')
local worlds = require('tests.helpers.world')

describe('a file that is moved', function()
  local world, editor

  before_each(function()
    world = worlds.new()
    editor = alone.start(world, [[
      vim.o.hidden = true
      vim.g.kra = { live = { sidecars = { '%.ts:%.test.ts' } } }
      vim.o.undofile, vim.o.undodir = true, vim.fn.stdpath('state') .. '/undo'
      vim.fn.mkdir(vim.o.undodir, 'p')
    ]])
    world:write('a.ts', 'one\ntwo\n')
    world:write('a.test.ts', 'test\n')
  end)
  after_each(function() world:close() end)

  local function lines() return editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)') end

  it('takes its buffer, its undo and its side-cars along, and goes back', function()
    editor:command('edit ' .. world.dir .. '/a.ts')
    vim.wait(20)
    editor:request('nvim_input', 'Ax<Esc>:w<CR>Ay<Esc>')
    world:wait(function() return lines()[1] == 'onexy' end, 'what was typed')
    editor:command('Kra move ' .. world.dir .. '/lib/b.ts')
    assert.equals('onex\ntwo\n', world:read('lib/b.ts'))
    assert.equals('test\n', world:read('lib/b.test.ts'))
    assert.is_nil(world:read('a.ts'))
    assert.equals(world.dir .. '/lib/b.ts', editor:lua('return vim.api.nvim_buf_get_name(0)'))
    assert.same({ 'onexy', 'two' }, lines())
    assert.is_true(editor:lua('return vim.bo.modified'))
    editor:request('nvim_input', ':w<CR>')
    world:wait(function() return world:read('lib/b.ts') == 'onexy\ntwo\n' end, 'the file under its new name', 2000,
      function() return editor:request('nvim_exec2', 'messages', { output = true }).output end)
    assert.equals(0, editor:lua('return vim.fn.bufnr(...)', world.dir .. '/a.ts') > 0 and 1 or 0)
    editor:command('Kra! move')
    assert.equals('onexy\ntwo\n', world:read('a.ts'))
    assert.equals('test\n', world:read('a.test.ts'))
    assert.equals(world.dir .. '/a.ts', editor:lua('return vim.api.nvim_buf_get_name(0)'))
  end)

  it('never goes over another one', function()
    world:write('b.ts', 'mine\n')
    editor:command(('Kra move %s/a.ts %s/b.ts'):format(world.dir, world.dir))
    assert.equals('mine\n', world:read('b.ts'))
    assert.equals('one\ntwo\n', world:read('a.ts'))
    assert.truthy(table.concat(editor:lua('return _G.said')):find('is there already', 1, true))
  end)

  it('by another program is followed too', function()
    editor:command('edit ' .. world.dir .. '/a.ts')
    vim.wait(20)
    assert(os.rename(world.dir .. '/a.ts', world.dir .. '/c.ts'))
    editor:lua("require('kra.serve').answer('file_changed', ...)",
      { path = world.dir .. '/c.ts', from = world.dir .. '/a.ts', kind = 'rename', seq = 1 })
    assert.equals(world.dir .. '/c.ts', editor:lua('return vim.api.nvim_buf_get_name(0)'))
    assert.same({ 'one', 'two' }, lines())
  end)

  local function renamed(from, to)
    editor:lua("require('kra.serve').answer('file_changed', ...)",
      { path = world.dir .. '/' .. to, from = world.dir .. '/' .. from, kind = 'rename', seq = 1 })
  end

  it('by another program takes its side-cars along, as one step that goes back', function()
    editor:command('edit ' .. world.dir .. '/a.test.ts')
    editor:command('edit ' .. world.dir .. '/a.ts')
    vim.wait(20)
    assert(os.rename(world.dir .. '/a.ts', world.dir .. '/c.ts'))
    renamed('a.ts', 'c.ts')
    assert.equals('test\n', world:read('c.test.ts'))
    assert.is_nil(world:read('a.test.ts'))
    assert.equals(1, editor:lua('return vim.fn.bufloaded(...)', world.dir .. '/c.test.ts'))
    local function said() return table.concat(editor:lua('return _G.said')) end
    world:wait(function() return said():find('1 file went along with c.ts; :Kra! move takes it back', 1, true) end, 'a word about it', nil, said)
    editor:command('Kra! move')
    assert.equals('test\n', world:read('a.test.ts'))
    -- What the other program did is its own.
    assert.equals('one\ntwo\n', world:read('c.ts'))
  end)

  it('takes its side-cars along where it is loaded nowhere, but for what git moves', function()
    local function noted(from, to, writer)
      editor:lua("require('kra.serve').answer('files_changed', ...)", { root = world.dir, count = 1, single = true, cause = '', text = '',
        files = { { path = world.dir .. '/' .. to, from = world.dir .. '/' .. from, kind = 'rename', writer = writer } } })
    end
    local undo = editor:lua('return vim.fn.undofile(...)', world.dir .. '/a.ts')
    vim.fn.writefile({ 'undo' }, undo)
    assert(os.rename(world.dir .. '/a.ts', world.dir .. '/b.ts'))
    noted('a.ts', 'b.ts', 'git')
    assert.equals('test\n', world:read('a.test.ts'))
    noted('a.ts', 'b.ts', 'external')
    assert.equals('test\n', world:read('b.test.ts'))
    assert.is_nil(world:read('a.test.ts'))
    assert.same({ 'undo' }, vim.fn.readfile((editor:lua('return vim.fn.undofile(...)', world.dir .. '/b.ts'))))
    -- Told once more, and by another one: nothing is left to do.
    noted('a.ts', 'b.ts', 'external')
    editor:command('Kra! move')
    assert.equals('test\n', world:read('a.test.ts'))
    assert.equals('one\ntwo\n', world:read('b.ts'))
  end)

  it('keeps marks, undo at any size, its draft and what was written into it meanwhile', function()
    local text = {}
    for i = 1, 12000 do text[i] = 'line ' .. i end
    local path = world:write('a.txt', table.concat(text, '\n') .. '\n')
    editor:lua("require('kra.draft').start()")
    editor:command('edit ' .. path)
    world:wait(function() return editor:lua("return require('kra.live.image').get(vim.api.nvim_get_current_buf()) ~= nil") end, 'an image')
    editor:request('nvim_input', '5Gma10GmBAx<Esc>')
    world:wait(function() return lines()[10] == 'line 10x' end, 'what was typed')
    assert(os.rename(path, world.dir .. '/b.txt'))
    text[12000] = 'theirs'
    world:write('b.txt', table.concat(text, '\n') .. '\n')
    renamed('a.txt', 'b.txt')
    world:wait(function() return lines()[12000] == 'theirs' end, 'what was written into the file under its new name')
    assert.equals('line 10x', lines()[10])
    assert.same({ 5, 10 }, editor:lua("return { vim.fn.getpos(\"'a\")[2], vim.api.nvim_get_mark('B', {})[1] }"))
    assert.equals(world.dir .. '/b.txt', editor:lua("return vim.api.nvim_get_mark('B', {})[4]"))
    assert.equals(world.dir .. '/b.txt', editor:lua([[
      local rec = require('kra.draft.records').get(vim.api.nvim_get_current_buf())
      return rec.known.path or rec.known.name
    ]]))
    editor:command('silent undo 0')
    assert.equals('line 10', lines()[10])
    editor:request('nvim_input', ':silent later 99<CR>:w<CR>')
    world:wait(function() return not editor:lua('return vim.bo.modified') end, 'a written buffer')
    assert.equals('line 10x', vim.split(world:read('b.txt'), '\n')[10])
    assert.equals('theirs', vim.split(world:read('b.txt'), '\n')[12000])
  end)

  it('with its directory, buffers and all', function()
    world:write('d/e/f.ts', 'one\n')
    editor:command('edit ' .. world.dir .. '/d/e/f.ts')
    vim.wait(20)
    editor:request('nvim_input', 'Ax<Esc>')
    world:wait(function() return lines()[1] == 'onex' end, 'what was typed')
    assert(os.rename(world.dir .. '/d', world.dir .. '/g'))
    renamed('d/e/f.ts', 'g/e/f.ts')
    assert.equals(world.dir .. '/g/e/f.ts', editor:lua('return vim.api.nvim_buf_get_name(0)'))
    assert.same({ 'onex' }, lines())
    editor:request('nvim_input', ':w<CR>')
    world:wait(function() return world:read('g/e/f.ts') == 'onex\n' end, 'the file in its new place')
    assert.is_nil(world:read('d/e/f.ts'))
  end)
end)
