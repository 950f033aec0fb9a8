-- What an editor answers to a sync that is about to write, and what it does meanwhile.
local turn = require('kra.sync.turn')

describe('the turn of a sync', function()
  local root

  before_each(function()
    root = vim.uv.fs_realpath(vim.fn.tempname():match('.*/')) .. '/tree' .. vim.uv.hrtime()
    vim.fn.mkdir(root, 'p')
    for _, name in ipairs({ 'a', 'b' }) do vim.fn.writefile({ name }, root .. '/' .. name) end
  end)
  after_each(function()
    turn.resume({ turn = 1 })
    vim.cmd('silent! %bwipeout!')
    vim.fn.delete(root, 'rf')
  end)

  it('names the files with unsaved text below the root, and no others', function()
    vim.cmd.edit(root .. '/a')
    vim.cmd.edit(root .. '/b')
    vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'typed' })
    vim.cmd('hide enew')
    vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'no name' })
    assert.same({ busy = { root .. '/b' } }, turn.prepare({ root = root, turn = 1 }))
    assert.same({ busy = {} }, turn.prepare({ root = root .. '/b2', turn = 1 }))
  end)

  it('lasts until it is resumed, or for its time', function()
    assert.is_false(turn.under_way(root .. '/a'))
    turn.prepare({ root = root, turn = 1, ttl_ms = 60000 })
    assert.is_true(turn.under_way(root .. '/a'))
    assert.is_false(turn.under_way(root .. 'x/a'))
    turn.resume({ turn = 1 })
    assert.is_false(turn.under_way(root .. '/a'))
    turn.prepare({ root = root, turn = 1, ttl_ms = 1 })
    assert.is_true(vim.wait(5000, function() return not turn.under_way(root .. '/a') end, 5))
  end)

  it('lets buffers that nobody follows look at what was written', function()
    vim.cmd.edit(root .. '/a')
    vim.o.autoread = true
    vim.fn.writefile({ 'from elsewhere', 'and longer' }, root .. '/a')
    turn.applied({ root = root, paths = { 'a', 'none' } })
    assert.same({ 'from elsewhere', 'and longer' }, vim.api.nvim_buf_get_lines(0, 0, -1, false))
  end)
end)
