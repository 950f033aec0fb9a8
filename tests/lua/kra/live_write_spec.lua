local typing = require('tests.helpers.typing')
local alone = require('tests.helpers.alone')
local worlds = require('tests.helpers.world')

-- Every form of writing, after a change from outside came into the buffer: nothing is asked, and the file is what the buffer is.
describe('writing after a change from outside', function()
  local world, editor, path

  local BEFORE, OUTSIDE = 'one\ntwo\nthree\nfour\nfive\n', 'one\ntwo\nthree\nfour\nFIVE\n'

  before_each(function()
    world = worlds.new()
    editor = alone.start(world, 'vim.o.columns, vim.o.lines = 120, 40')
    editor:lua([[
      _G.fired = {}
      for _, name in ipairs({ 'BufWritePre', 'BufWritePost', 'FileWritePre', 'FileWritePost', 'FileAppendPre', 'FileAppendPost' }) do
        vim.api.nvim_create_autocmd(name, { pattern = '*.txt', callback = function(event)
          table.insert(_G.fired, name .. ' ' .. vim.fn.fnamemodify(event.match, ':t'))
        end })
      end
    ]])
    path = world:write('a.txt', BEFORE)
    editor:command('edit ' .. path)
    vim.wait(20)
    assert.is_truthy(editor:lua("return require('kra.live.image').get(vim.api.nvim_get_current_buf()).hash ~= ''"))
  end)
  after_each(function() world:close() end)

  local function type_keys(keys) typing(world, editor, keys) end
  local function outside(text)
    world:write('a.txt', text)
    editor:lua("require('kra.live').check_all()")
  end
  local function text() return table.concat(editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n') .. '\n' end
  local function armed() return editor:lua("local i = require('kra.live.image').get(vim.fn.bufnr(...)) return i and i.guard ~= nil", path) end
  local function fired()
    local list = editor:lua('return _G.fired')
    editor:lua('_G.fired = {}')
    return list
  end
  local function formatter()
    editor:lua([[vim.api.nvim_create_autocmd('BufWritePre', { callback = function()
      for i, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
        if line:find('%s$') then vim.api.nvim_buf_set_lines(0, i - 1, i, false, { (line:gsub('%s+$', '')) }) end
      end
    end })]])
  end

  local own = { 'w', 'w!', '%w', '1,$w', 'up', 'wall', 'wa!', 'silent w', 'keepalt w',
    'w ++ff=unix', 'w ++enc=utf-8', 'w %', 'exe "w"', 'lua vim.cmd.write()' }
  for _, form in ipairs(own) do
    for _, formats in ipairs({ false, true }) do
      it((':%s%s'):format(form, formats and ' with a formatter' or ''), function()
        if formats then formatter() end
        outside(OUTSIDE)
        assert.is_true(armed())
        type_keys('A more  <Esc>')
        type_keys(':' .. form .. '<CR>')
        local wanted = 'one more' .. (formats and '' or '  ') .. '\ntwo\nthree\nfour\nFIVE\n'
        assert.equals(wanted, text())
        assert.equals(wanted, world:read(path))
        assert.is_false(editor:lua('return vim.bo.modified'))
        assert.is_false(armed())
        assert.same({ 'BufWritePre a.txt', 'BufWritePost a.txt' }, fired())
        -- And the next one, which Neovim makes by itself.
        type_keys('jA!<Esc>:w<CR>')
        assert.equals(text(), world:read(path))
        assert.same({ 'BufWritePre a.txt', 'BufWritePost a.txt' }, fired())
      end)
    end
  end

  for _, form in ipairs({ 'wq', 'x', 'wqall', 'xall' }) do
    it((':%s leaves, with all written'):format(form), function()
      outside(OUTSIDE)
      type_keys('A more<Esc>')
      -- It may be gone before it answers.
      vim.rpcnotify(editor.job, 'nvim_input', ':' .. form .. '<CR>')
      assert.equals(0, vim.fn.jobwait({ editor.job }, 10000)[1])
      assert.equals('one more\ntwo\nthree\nfour\nFIVE\n', world:read(path))
    end)
  end

  it('ZZ closes the window', function()
    editor:command('new')
    type_keys('<C-w>p')
    outside(OUTSIDE)
    type_keys('A more<Esc>ZZ')
    assert.equals('one more\ntwo\nthree\nfour\nFIVE\n', world:read(path))
    assert.equals(1, editor:lua('return #vim.api.nvim_list_wins()'))
  end)

  it('to another name leaves this one guarded', function()
    outside(OUTSIDE)
    type_keys('A more<Esc>:w ' .. world.dir .. '/b.txt<CR>')
    assert.equals(text(), world:read('b.txt'))
    assert.equals(OUTSIDE, world:read(path))
    assert.is_true(editor:lua('return vim.bo.modified'))
    assert.is_true(armed())
    assert.same({ 'BufWritePre b.txt', 'BufWritePost b.txt' }, fired())
    type_keys(':w ++p ' .. world.dir .. '/n/c.txt<CR>')
    assert.equals(text(), world:read('n/c.txt'))
    -- One that is there is not written over without a word.
    world:write('d.txt', 'd\n')
    type_keys(':w ' .. world.dir .. '/d.txt<CR>')
    assert.equals('d\n', world:read('d.txt'))
    type_keys(':w<CR>')
    assert.equals(text(), world:read(path))
    assert.is_false(armed())
  end)

  it('under another name from now on', function()
    outside(OUTSIDE)
    type_keys('A more<Esc>:saveas ' .. world.dir .. '/b.txt<CR>')
    assert.equals(text(), world:read('b.txt'))
    vim.wait(30)
    type_keys('jA!<Esc>:w<CR>')
    assert.equals(text(), world:read('b.txt'))
    assert.equals(OUTSIDE, world:read(path))
  end)

  it('a part, or behind another file', function()
    outside(OUTSIDE)
    type_keys(':2,3w ' .. world.dir .. '/b.txt<CR>')
    assert.equals('two\nthree\n', world:read('b.txt'))
    type_keys(':4w >> ' .. world.dir .. '/b.txt<CR>')
    assert.equals('two\nthree\nfour\n', world:read('b.txt'))
    type_keys(':w >> ' .. world.dir .. '/b.txt<CR>')
    assert.equals('two\nthree\nfour\n' .. OUTSIDE, world:read('b.txt'))
    assert.is_true(armed())
    type_keys(':w !cat > ' .. world.dir .. '/e.txt<CR>')
    assert.equals(OUTSIDE, world:read('e.txt'))
    type_keys('A more<Esc>:w<CR>')
    assert.equals(text(), world:read(path))
  end)

  it('a part over the file itself, or behind it, loses nothing of the buffer', function()
    outside(OUTSIDE)
    local whole = text()
    type_keys(':1,2w!<CR>')
    assert.equals('one\ntwo\n', world:read(path))
    editor:lua("require('kra.live').check_all()")
    assert.equals(whole, text())
    assert.is_true(editor:lua('return vim.bo.modified'))
    type_keys(':w<CR>')
    assert.equals(whole, world:read(path))
    type_keys(':1w >> %<CR>')
    assert.equals(whole .. 'one\n', world:read(path))
  end)

  it('with the encoding and format that are asked for', function()
    outside('one\ntwo\nthree\nfour\nfünf\n')
    type_keys('A more<Esc>:w ++ff=dos ++enc=latin1<CR>')
    assert.equals('one more\r\ntwo\r\nthree\r\nfour\r\nf\252nf\r\n', world:read(path))
  end)

  it('of many at once', function()
    local paths = { path }
    for i = 2, 4 do
      paths[i] = world:write(('f%d.txt'):format(i), BEFORE)
      editor:command('edit ' .. paths[i])
    end
    vim.wait(30)
    for _, file in ipairs(paths) do world:write(file, OUTSIDE) end
    editor:lua("require('kra.live').check_all()")
    editor:lua("for _, p in ipairs(...) do vim.api.nvim_buf_set_lines(vim.fn.bufnr(p), 0, 1, false, { 'mine' }) end", paths)
    type_keys(':wall<CR>')
    for _, file in ipairs(paths) do assert.equals('mine\ntwo\nthree\nfour\nFIVE\n', world:read(file)) end
    assert.same({}, editor:lua('return vim.tbl_map(function(b) return b.name end, vim.fn.getbufinfo({ bufmodified = 1 }))'))
  end)

  it('asks nothing about a file that was only touched', function()
    world:write('a.txt', BEFORE)
    editor:lua("require('kra.live').check_all()")
    type_keys('A more<Esc>:w<CR>')
    assert.equals(text(), world:read(path))
  end)

  it('merges what came between the last look and the write', function()
    outside(OUTSIDE)
    type_keys('A more<Esc>')
    world:write('a.txt', 'one\ntwo\nTHREE\nfour\nFIVE\n')
    type_keys(':w<CR>')
    assert.equals('one more\ntwo\nTHREE\nfour\nFIVE\n', world:read(path))
    assert.equals(text(), world:read(path))
  end)

  it('merges what came behind a notice of something older', function()
    outside(OUTSIDE)
    local hash = editor:lua("return require('kra.live.image').get(vim.api.nvim_get_current_buf()).hash")
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'mine' })")
    world:write('a.txt', 'one\ntwo\nTHREE\nfour\nFIVE\n')
    -- A notice of the bytes before these arrives only now.
    editor:lua("require('kra.serve').answer('file_changed', { path = ..., kind = 'modify', seq = 1, hash = select(2, ...) })", path, hash)
    editor:lua("vim.cmd('write')")
    assert.equals('mine\ntwo\nTHREE\nfour\nFIVE\n', world:read(path))
    assert.equals(text(), world:read(path))
  end)

  it('merges what came while a formatter was at work, and writes nothing over a conflict', function()
    outside(OUTSIDE)
    editor:lua([[
      local path = ...
      _G.meanwhile = 'one\ntwo\nTHREE\nfour\nFIVE\n'
      vim.api.nvim_create_autocmd('BufWritePre', { callback = function()
        if _G.meanwhile then vim.fn.writefile(vim.split(_G.meanwhile, '\n'), path, 'b') end
        _G.meanwhile = nil
      end })
    ]], path)
    type_keys('A more<Esc>:w<CR>')
    assert.equals('one more\ntwo\nTHREE\nfour\nFIVE\n', world:read(path))
    assert.equals(text(), world:read(path))
    outside('one more\ntwo\nTHREE\nfour\nfive\n')
    local theirs = 'theirs\ntwo\nTHREE\nfour\nfive\n'
    editor:lua('_G.meanwhile = ...', theirs)
    type_keys('A again<Esc>:w<CR>')
    assert.equals(theirs, world:read(path))
    assert.equals('one more again\ntwo\nTHREE\nfour\nfive\n', text())
    assert.is_true(editor:lua('return vim.bo.modified'))
    type_keys(':w!<CR>')
    assert.equals(text(), world:read(path))
  end)

  it('merges before a command line even where nothing was told', function()
    type_keys('A more<Esc>')
    world:write('a.txt', OUTSIDE)
    type_keys(':w<CR>')
    assert.equals('one more\ntwo\nthree\nfour\nFIVE\n', world:read(path))
  end)

  it('does not write a file that may not be written', function()
    if vim.uv.getuid() == 0 then return pending('root may write everything') end
    outside(OUTSIDE)
    world:check({ 'chmod', '444', path })
    type_keys('A more<Esc>:w<CR>')
    assert.equals(OUTSIDE, world:read(path))
    assert.is_true(editor:lua('return vim.bo.modified'))
    type_keys(':w!<CR>')
    assert.equals(text(), world:read(path))
  end)

  it('says why it could not, and keeps the text modified', function()
    outside(OUTSIDE)
    type_keys('A more<Esc>')
    -- A directory stands in the way of the file.
    os.remove(path)
    vim.fn.mkdir(path)
    type_keys(':w<CR>')
    assert.is_true(editor:lua('return vim.bo.modified'))
    assert.truthy(editor:request('nvim_exec2', 'messages', { output = true }).output:find('E%d+'))
    vim.fn.delete(path, 'd')
    type_keys(':w<CR>')
    assert.equals(text(), world:read(path))
  end)

  it('leaves a buffer to the plugin that writes it', function()
    editor:lua([[vim.api.nvim_create_autocmd('BufWriteCmd', { buffer = 0, callback = function(event)
      vim.fn.writefile(vim.api.nvim_buf_get_lines(0, 0, -1, false), event.match)
      vim.bo.modified = false
      _G.theirs = true
    end })]])
    editor:command('edit')
    vim.wait(20)
    outside(OUTSIDE)
    assert.is_falsy(armed())
    assert.equals(OUTSIDE, text())
    type_keys('A more<Esc>:w<CR>')
    assert.is_true(editor:lua('return _G.theirs'))
  end)
end)
