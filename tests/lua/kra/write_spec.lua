-- autosave.write_files: modified files are written by Neovim itself, when it is quiet and only where that is right.
local worlds = require('tests.helpers.world')

describe('write_files', function()
  local world, editor

  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } })
    world:write('home/file.txt', 'one\n')
    editor = world:nvim()
    editor:lua([[
      vim.g.kra = { autosave = { editor_debounce_ms = 20, write_files = true }, drafts = { debounce_ms = 10, max_wait_ms = 30 } }
      _G.said = {}
      vim.notify = function(text) table.insert(_G.said, text) end
      require('kra.draft').start()
      require('kra.write').apply()
    ]])
    editor:command('edit file.txt')
  end)
  after_each(function() world:close() end)

  local function change(text, name)
    editor:lua([[vim.fn.setline(1, ...) vim.cmd('doautocmd TextChanged')]], text)
    return name
  end
  local function written(text, name)
    world:wait(function() return world:read('home/' .. (name or 'file.txt')) == text end, 'the file', nil,
      function() return vim.inspect(editor:lua('return _G.said')) end)
  end
  -- A quiet time passes: a second file of the same kind is written.
  local function quiet()
    editor:lua([[require('kra.write').ring()]])
  end

  it('writes after the quiet time and leaves nothing modified; undo works on', function()
    change('two')
    written('two\n')
    assert.is_false(editor:lua('return vim.bo.modified'))
    editor:command('undo')
    assert.equals('one', editor:lua('return vim.fn.getline(1)'))
  end)

  it('is off by default and at once when it is switched', function()
    editor:lua("require('kra').configure({ autosave = { write_files = false } })")
    change('two')
    quiet()
    assert.equals('one\n', world:read('home/file.txt'))
    editor:lua("require('kra').configure({ autosave = { write_files = true } })")
    written('two\n')
  end)

  it('never writes over what another program wrote, and says so once', function()
    world:write('home/file.txt', 'theirs\n')
    change('mine')
    for _ = 1, 3 do quiet() end
    assert.equals('theirs\n', world:read('home/file.txt'))
    local said = vim.tbl_filter(function(text) return text:find('was not written', 1, true) ~= nil end, editor:lua('return _G.said'))
    assert.equals(1, #said)
    assert.is_true(editor:lua('return vim.bo.modified'))
  end)

  it('calls a failed write failed', function()
    world:write('home/gone/file.txt', 'x\n')
    editor:command('edit gone/file.txt')
    vim.fn.delete(world.home .. '/gone', 'rf')
    change('y')
    world:wait(function() return table.concat(editor:lua('return _G.said')):find('gone/file.txt was not written', 1, true) end, 'the notice')
    assert.equals(1, editor:lua("return require('kra').metrics().write.failed >= 1 and 1 or 0"))
  end)

  it('keeps hard links, mode and the owner of the write: formatters run', function()
    assert(vim.uv.fs_link(world.home .. '/file.txt', world.home .. '/link.txt'))
    vim.uv.fs_chmod(world.home .. '/file.txt', tonumber('640', 8))
    editor:lua([[vim.api.nvim_create_autocmd('BufWritePre', { callback = function() vim.fn.setline(1, vim.fn.getline(1):upper()) end })]])
    change('format me')
    written('FORMAT ME\n')
    assert.equals('FORMAT ME\n', world:read('home/link.txt'))
    assert.equals(tonumber('640', 8), vim.uv.fs_stat(world.home .. '/file.txt').mode % 512)
  end)

  it('asks the conditions: file type, path and function', function()
    editor:lua([[require('kra').configure({ autosave = { write_filetypes = { 'lua' } } })]])
    change('a')
    quiet()
    assert.equals('one\n', world:read('home/file.txt'))
    editor:command('set filetype=lua')
    quiet()
    written('a\n')
    editor:lua([[require('kra').configure({ autosave = { write_paths = { '**/other/*' } } })]])
    change('b')
    quiet()
    assert.equals('a\n', world:read('home/file.txt'))
    editor:lua([[require('kra').configure({ autosave = { write_paths = { '**/*.txt' }, write_if = function() return false end } })]])
    quiet()
    assert.equals('a\n', world:read('home/file.txt'))
    editor:lua([[require('kra').configure({ autosave = { write_if = function(buf) return vim.api.nvim_buf_is_valid(buf) end } })]])
    quiet()
    written('b\n')
  end)

  it('waits for normal mode, and while the editor is paused', function()
    editor:request('nvim_input', 'Amore')
    world:wait(function() return editor:lua('return vim.fn.getline(1)') == 'onemore' end, 'the text')
    quiet()
    assert.equals('one\n', world:read('home/file.txt'))
    editor:request('nvim_input', '<Esc>')
    written('onemore\n')
    editor:lua("require('kra.events').pause(true)")
    change('paused')
    quiet()
    assert.equals('onemore\n', world:read('home/file.txt'))
  end)

  it('does not touch unnamed, read-only or excluded buffers', function()
    editor:command('setlocal readonly')
    change('no')
    quiet()
    assert.equals('one\n', world:read('home/file.txt'))
    editor:command('enew!')
    change('unnamed')
    quiet()
    assert.is_true(editor:lua('return vim.bo.modified'))
  end)
end)
