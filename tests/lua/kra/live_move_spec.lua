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
end)
