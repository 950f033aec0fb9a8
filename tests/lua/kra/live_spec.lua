local typing = require('tests.helpers.typing')
local alone = require('tests.helpers.alone')
local worlds = require('tests.helpers.world')

-- Files that change outside, in a real editor, without a daemon: it looks when it is told to.
describe('a file that changes outside', function()
  local world, editor

  before_each(function()
    world = worlds.new()
    editor = alone.start(world, "vim.o.columns, vim.o.lines, vim.g.kra = 120, 40, { notify = { level = 'debug' } }")
  end)
  after_each(function() world:close() end)

  local function open(name, text)
    local path = world:write(name, text)
    editor:command('edit ' .. path)
    world:wait(function()
      return editor:lua("local image = require('kra.live.image').get(vim.api.nvim_get_current_buf()) return image and image.tick >= 0")
    end, 'a buffer that is followed')
    return path
  end
  local function lines() return editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)') end
  local function modified() return editor:lua('return vim.bo.modified') end
  local function look() editor:lua("require('kra.live').check_all()") end
  local function outside(path, text)
    world:write(path, text)
    look()
  end
  local function type_keys(keys) typing(world, editor, keys) end
  local function said() return table.concat(editor:lua('return _G.said'), '\n') end
  local function flush() editor:lua("require('kra.live.notice').flush() vim.wait(20)") end

  it('comes into its buffer in place', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    editor:lua('vim.api.nvim_win_set_cursor(0, { 3, 2 })')
    outside(path, 'zero\none\ntwo\nthree\n')
    assert.same({ 'zero', 'one', 'two', 'three' }, lines())
    assert.is_false(modified())
    assert.same({ 4, 2 }, editor:lua('return vim.api.nvim_win_get_cursor(0)'))
    type_keys('u')
    assert.same({ 'one', 'two', 'three' }, lines())
    assert.is_true(modified())
    type_keys('<C-r>')
    assert.is_false(modified())
    local event = editor:lua('return _G.events[1]')
    assert.equals('KraExternalChange', event[1])
    assert.same({ path, 'modify', 1 }, { event[2].path, event[2].kind, event[2].hunks })
  end)

  it('comes into a buffer that nobody sees', function()
    local path = open('a.txt', 'one\n')
    local other = open('b.txt', 'other\n')
    outside(path, 'ONE\n')
    assert.equals('ONE', editor:lua('return vim.api.nvim_buf_get_lines(vim.fn.bufnr(...), 0, -1, false)[1]', path))
    assert.equals(other, editor:lua('return vim.api.nvim_buf_get_name(0)'))
  end)

  it('is merged into what was typed', function()
    local path = open('a.txt', 'one\ntwo\nthree\nfour\nfive\n')
    type_keys('AX<Esc>')
    outside(path, 'one\ntwo\nthree\nfour\nFIVE\n')
    assert.same({ 'oneX', 'two', 'three', 'four', 'FIVE' }, lines())
    assert.is_true(modified())
    flush()
    assert.truthy(said():find('merged 1 hunk from outside, yours kept', 1, true))
    type_keys(':w<CR>')
    assert.equals('oneX\ntwo\nthree\nfour\nFIVE\n', world:read(path))
    assert.is_false(modified())
    outside(path, 'oneX\ntwo\nthree\nfour\nfive again\n')
    assert.equals('five again', lines()[5])
    assert.is_false(modified())
  end)

  it('is a conflict where the same lines were typed over, and nothing is lost', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    type_keys('jccmine<Esc>')
    outside(path, 'one\ntheirs\nthree\nfour\n')
    assert.same({ 'one', 'mine', 'three', 'four' }, lines())
    local count = "return require('kra.live.conflict').count(vim.api.nvim_get_current_buf())"
    assert.equals(1, editor:lua(count))
    type_keys(':w<CR>')
    assert.equals('one\ntheirs\nthree\nfour\n', world:read(path))
    assert.is_true(modified())
    assert.truthy(editor:request('nvim_exec2', 'messages', { output = true }).output:find('1 conflict with what is on disk', 1, true))
    editor:command('Kra theirs')
    assert.same({ 'one', 'theirs', 'three', 'four' }, lines())
    assert.equals(0, editor:lua(count))
    type_keys('u')
    assert.same({ 'one', 'mine', 'three', 'four' }, lines())
    type_keys(':w<CR>')
    assert.equals('one\nmine\nthree\nfour\n', world:read(path))
  end)

  it('of a conflict is overwritten by :w! alone', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    type_keys('jccmine<Esc>')
    outside(path, 'one\ntheirs\nthree\n')
    type_keys(':w!<CR>')
    assert.equals('one\nmine\nthree\n', world:read(path))
    assert.equals(0, editor:lua("return require('kra.live.conflict').count(vim.api.nvim_get_current_buf())"))
    assert.is_false(modified())
  end)

  it('can have both sides', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    type_keys('jccmine<Esc>')
    outside(path, 'one\ntheirs\nthree\n')
    editor:command('Kra both')
    type_keys(':w<CR>')
    assert.equals('one\nmine\ntheirs\nthree\n', world:read(path))
  end)

  it('and is gone leaves the buffer, and is taken up when it is there again', function()
    local path = open('a.txt', 'one\n')
    os.remove(path)
    look()
    assert.same({ 'one' }, lines())
    flush()
    assert.truthy(said():find('gone from the disk', 1, true))
    outside(path, 'one\ntwo\n')
    assert.same({ 'one', 'two' }, lines())
  end)

  for _, form in ipairs({
    { name = 'returns', before = 'a\r\nb\r\n', after = 'a\r\nB\r\nc\r\n', shown = { 'a', 'B', 'c' } },
    { name = 'no end of the last line', before = 'a\nb', after = 'a\nB', shown = { 'a', 'B' }, write = 'a\nB\n' },
    { name = 'a byte order mark', before = '\239\187\191a\nb\n', after = '\239\187\191A\nb\n', shown = { 'A', 'b' } },
    { name = 'bytes of latin1', before = 'a\255\nb\n', after = 'a\255\n\228\n', shown = { 'aÿ', 'ä' } },
    { name = 'NUL far behind', before = ('x\n'):rep(5000) .. 'a\0b\n', after = ('x\n'):rep(5000) .. 'a\0c\n', last = 'a\0c' },
    { name = 'line ends of another kind', before = 'a\nb\n', after = 'a\r\nb\r\n', shown = { 'a', 'b' } },
    { name = 'nothing', before = 'a\nb\n', after = '', shown = { '' } },
    { name = 'something where nothing was', before = '', after = 'a\n', shown = { 'a' } },
  }) do
    it('keeps its bytes: ' .. form.name, function()
      local path = open('a.txt', form.before)
      outside(path, form.after)
      if form.shown then assert.same(form.shown, lines()) else assert.equals(form.last, lines()[#lines()]) end
      assert.is_false(modified())
      editor:command('set modified')
      type_keys(':w<CR>')
      assert.equals(form.write or form.after, world:read(path))
    end)
  end

  it('that is binary or too large is left until somebody asks', function()
    local path = open('a.bin', 'a\0b\n')
    outside(path, 'a\0c\n')
    assert.same({ 'a\0b' }, lines())
    flush()
    assert.truthy(said():find('changed outside (binary)', 1, true))
    editor:command('Kra theirs')
    assert.same({ 'a\0c' }, lines())
  end)

  it('that may not be read leaves its buffer as it is, says so once, and comes in when it may', function()
    local path = open('a.txt', 'one\n')
    editor:lua([[
      _G.fs_open, _G.fs_access = vim.uv.fs_open, vim.uv.fs_access
      vim.uv.fs_open = function() return nil, 'EACCES' end
      vim.uv.fs_access = function() return false end
      _G.said = {}
    ]])
    outside(path, 'two\n')
    flush()
    look()
    flush()
    assert.same({ 'one' }, lines())
    assert.equals(1, select(2, said():gsub('changed outside %(unreadable%)', '')))
    type_keys(':w<CR>')
    assert.equals('two\n', world:read(path))
    editor:lua('vim.uv.fs_open, vim.uv.fs_access = _G.fs_open, _G.fs_access')
    look()
    assert.same({ 'two' }, lines())
  end)

  it('waits while a selection is made, and for no longer', function()
    local path = open('a.txt', 'one\ntwo\n')
    type_keys('V')
    outside(path, 'one\nTWO\n')
    assert.same({ 'one', 'two' }, lines())
    type_keys('<Esc>')
    world:wait(function() return lines()[2] == 'TWO' end, 'the change after the selection')
  end)

  it('comes while somebody types, as an undo step of its own', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    type_keys('Aab')
    outside(path, 'one\ntwo\nTHREE\n')
    assert.same({ 'oneab', 'two', 'THREE' }, lines())
    type_keys('cd<Esc>')
    assert.same({ 'oneabcd', 'two', 'THREE' }, lines())
    type_keys('u')
    assert.same({ 'oneab', 'two', 'THREE' }, lines())
    type_keys('u')
    assert.same({ 'oneab', 'two', 'three' }, lines())
    type_keys('u')
    assert.same({ 'one', 'two', 'three' }, lines())
  end)

  it('says nothing when Neovim finds out by itself', function()
    local path = open('a.txt', 'one\nmore\n')
    world:write(path, 'two\nmore\n')
    editor:command('checktime')
    world:wait(function() return lines()[1] == 'two' end, 'the change')
    type_keys('AX<Esc>')
    world:write(path, 'two\nmore\nthree\n')
    type_keys(':checktime<CR>')
    world:wait(function() return lines()[3] == 'three' end, 'the merge')
    assert.equals('twoX', lines()[1])
    assert.equals('set autoread<', editor:lua("return require('kra.live.image').get(vim.api.nvim_get_current_buf()).autoread"))
    editor:lua("require('kra.live').stop()")
    assert.equals('--autoread', editor:lua("return vim.trim(vim.fn.execute('setlocal autoread?'))"))
  end)

  it('of many modified buffers at once is one notice', function()
    local paths = {}
    for i = 1, 20 do
      paths[i] = open(('f%d.txt'):format(i), 'one\ntwo\nthree\n')
      editor:lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'mine' })")
    end
    editor:lua('_G.said = {}')
    for i = 1, 20 do world:write(paths[i], 'one\ntwo\nTHREE\n') end
    look()
    flush()
    assert.same({ 'kra: 20 files changed outside, 20 merged, yours kept' }, editor:lua('return _G.said'))
    for i = 1, 20 do
      assert.same({ 'mine', 'two', 'THREE' }, editor:lua('return vim.api.nvim_buf_get_lines(vim.fn.bufnr(...), 0, -1, false)', paths[i]))
    end
  end)

  it('can be taken back, also from under later edits', function()
    local path = open('a.txt', 'one\ntwo\nthree\nfour\n')
    outside(path, 'one\nTWO\nthree\nfour\nfive\n')
    type_keys('ggOmine<Esc>')
    editor:command('Kra undo-external')
    assert.same({ 'mine', 'one', 'two', 'three', 'four' }, lines())
    assert.is_true(modified())
    type_keys(':w<CR>')
    assert.equals('mine\none\ntwo\nthree\nfour\n', world:read(path))
  end)

  it('can be taken back one by one, and beside what was typed over it', function()
    local path = open('a.txt', 'one\ntwo\nthree\nfour\nfive\n')
    outside(path, 'one\nTWO\nthree\nfour\nfive\n')
    outside(path, 'one\nTWO\nthree\nFOUR\nfive\n')
    outside(path, 'one\nTWO\nthree\nFOUR\n')
    type_keys('ggjAx<Esc>')
    editor:command('Kra undo-external 2')
    assert.same({ 'one', 'TWOx', 'three', 'four' }, lines())
    editor:command('Kra undo-external 2')
    -- Both stand for one line: it is nobody's to decide but the user's.
    assert.same({ 'one', 'TWOx', 'three', 'four' }, lines())
    assert.same({ { lnum = 2, by = 'before the change', mine = 1, theirs = 1 } },
      editor:lua("return require('kra.live.conflict').list(vim.api.nvim_get_current_buf())"))
    editor:command('Kra theirs')
    assert.same({ 'one', 'two', 'three', 'four' }, lines())
    editor:command('Kra undo-external')
    assert.same({ 'one', 'two', 'three', 'four', 'five' }, lines())
    type_keys(':w<CR>')
    assert.equals('one\ntwo\nthree\nfour\nfive\n', world:read(path))
    editor:command('Kra undo-external')
    assert.truthy(said():find('no such change from outside', 1, true))
  end)

  it('can be taken back where its lines were deleted since', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    outside(path, 'one\nTWO\nthree\n')
    type_keys('ggjdd')
    editor:command('Kra reject')
    type_keys('k')
    editor:command('Kra reject')
    local conflicts = editor:lua("return require('kra.live.conflict').count(vim.api.nvim_get_current_buf())")
    assert.equals(1, conflicts)
    editor:command('Kra theirs')
    assert.same({ 'one', 'two', 'three' }, lines())
  end)

  it('that nobody told of comes in with the focus, and the daemon hears that it was not told', function()
    local path = open('a.txt', 'one\n')
    editor:lua([[
      _G.sent = {}
      require('kra.rpc').connected = function() return true end
      require('kra.rpc').notify = function(method, param) table.insert(_G.sent, { method, param.path }) end
      require('kra.live.image').get(vim.api.nvim_get_current_buf()).seq = 1
    ]])
    -- What was written just now may still be on its way.
    world:write(path, 'two\n')
    editor:command('doautocmd FocusGained')
    assert.same({ 'two' }, lines())
    assert.same({}, editor:lua('return _G.sent'))
    world:write(path, 'three\n')
    vim.uv.fs_utime(path, os.time() - 60, os.time() - 60)
    editor:command('doautocmd FocusGained')
    assert.same({ 'three' }, lines())
    assert.same({ { 'untold', path } }, editor:lua('return _G.sent'))
  end)

  it('is accepted or rejected hunk by hunk, the disk going along', function()
    local path = open('a.txt', 'one\ntwo\nthree\nfour\n')
    outside(path, 'ONE\ntwo\nthree\nFOUR\n')
    editor:lua("require('kra.changes').go(1)")
    assert.same({ 4, 0 }, editor:lua('return vim.api.nvim_win_get_cursor(0)'))
    editor:command('Kra reject')
    assert.same({ 'ONE', 'two', 'three', 'four' }, lines())
    assert.equals('ONE\ntwo\nthree\nfour\n', world:read(path))
    editor:lua("require('kra.changes').go(-1)")
    editor:command('Kra accept')
    assert.same({}, editor:lua("return require('kra.changes').list()"))
  end)

  it('is not compared where a plugin shows something else than the bytes', function()
    editor:lua([[vim.api.nvim_create_autocmd('BufReadPost', { pattern = '*.rot', callback = function()
      _G.reads = (_G.reads or 0) + 1
      vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'shown' })
      vim.bo.modified = false
    end })]])
    local path = world:write('a.rot', 'bytes\n')
    editor:command('edit ' .. path)
    vim.wait(60)
    assert.same({ 'shown' }, lines())
    assert.is_true(editor:lua('return _G.reads') <= 2)
    outside(path, 'other bytes\n')
    assert.same({ 'shown' }, lines())
    assert.is_true(editor:lua('return _G.reads') <= 4)
  end)

  it('of a file that is written while paused is nobody\'s question afterwards', function()
    local path = open('a.txt', 'one\n')
    editor:command('Kra live off')
    assert.equals('--autoread', editor:lua("return vim.trim(vim.fn.execute('setlocal autoread?'))"))
    outside(path, 'two\n')
    assert.same({ 'one' }, lines())
    editor:command('Kra live on')
    assert.same({ 'two' }, lines())
  end)

  it('leaves a flag alone that somebody else took away', function()
    open('a.txt', 'one\n')
    type_keys('Ax<Esc>:set nomodified<CR>')
    vim.wait(30)
    assert.is_false(modified())
  end)

  it('is merged into unsaved text that comes back after a restart', function()
    local path = open('home/a.txt', 'one\ntwo\nthree\nfour\nfive\n')
    local hash = editor:lua("return require('kra.live.image').get(vim.api.nvim_get_current_buf()).hash")
    type_keys('AX<Esc>')
    world:wait(function() return editor:lua("return require('kra.live.base').get(...) ~= nil", path, hash) end, 'a base on disk')
    editor:stop('sigkill')
    world:write(path, 'one\ntwo\nthree\nfour\nFIVE\n')
    local stored = world:write('stored', 'oneX\ntwo\nthree\nfour\nfive')
    editor = alone.start(world)
    editor:lua([[
      require('kra.draft').start()
      local path, hash, stored = ...
      require('kra.draft.store').take = function(_, done)
        done(nil, { path = path, file = stored, base = { dev = 0, ino = 0, size = 1, mtime_ns = 0, hash = hash }, eol = true, fileformat = 'unix',
          encoding = 'utf-8' })
      end
      require('kra.draft.recover').one('client.1', { quiet = true, show = true })
    ]], path, hash, stored)
    assert.same({ 'oneX', 'two', 'three', 'four', 'FIVE' }, lines())
    assert.is_true(modified())
    type_keys(':w<CR>')
    assert.equals('oneX\ntwo\nthree\nfour\nFIVE\n', world:read(path))
  end)

  it('is listed', function()
    local path = open('a.txt', 'one\ntwo\n')
    outside(path, 'one\nTWO\n')
    editor:command('Kra changes')
    local row = editor:lua('return vim.fn.getqflist()[1]')
    assert.equals(2, row.lnum)
    assert.truthy(row.text:find('outside: +1 -1', 1, true))
  end)

  -- Neovim 0.13 looks at each file whose buffer has 'autoread' by itself, and reloads it.
  it('is no business of an editor that reloads by itself, as long as it comes in here', function()
    local path = open('a.txt', 'one\ntwo\n')
    editor:lua([[
      _G.reloads, _G.looks = 0, 0
      local buf = vim.api.nvim_get_current_buf()
      vim.api.nvim_buf_attach(buf, false, { on_reload = function() _G.reloads = _G.reloads + 1 end })
      local watcher = vim.uv.new_fs_event()
      watcher:start(..., {}, vim.schedule_wrap(function()
        _G.looks = _G.looks + 1
        local own = vim.bo[buf].autoread
        if own == nil then own = vim.go.autoread end
        if own then vim.cmd.checktime(buf) end
      end))
    ]], path)
    local function looked(what)
      editor:lua('_G.looks = 0')
      world:write(path, what)
      world:wait(function() return editor:lua('return _G.looks') > 0 end, 'a look')
    end
    looked('one\nTWO\n')
    assert.same({ 'one', 'two' }, lines())
    look()
    assert.same({ 'one', 'TWO' }, lines())
    assert.equals(0, editor:lua('return _G.reloads'))
    type_keys('u')
    assert.same({ 'one', 'two' }, lines())
    type_keys('<C-r>')
    editor:command('Kra live off')
    looked('one\nthree\n')
    world:wait(function() return lines()[2] == 'three' end, 'its reload', nil, lines)
    assert.truthy(editor:lua('return _G.reloads') > 0)
    editor:command('Kra live on')
    editor:lua('_G.reloads = 0')
    looked('one\nfour\n')
    look()
    assert.same({ 'one', 'four' }, lines())
    assert.equals(0, editor:lua('return _G.reloads'))
  end)

  it('is right whoever comes first, where somebody turned \'autoread\' on again', function()
    local path = open('a.txt', 'one\ntwo\nthree\n')
    editor:command('setlocal autoread')
    local function comes(first, second, text, wanted)
      world:write(path, text)
      for _, way in ipairs({ first, second }) do
        if way == 'kra' then look() else type_keys(':checktime<CR>') end
      end
      world:wait(function() return vim.deep_equal(wanted, lines()) end, vim.inspect(wanted), 3000, lines)
      vim.wait(30)
      assert.same(wanted, lines())
    end
    comes('neovim', 'kra', 'one\nTWO\nthree\n', { 'one', 'TWO', 'three' })
    comes('kra', 'neovim', 'one\nTWO\nTHREE\n', { 'one', 'TWO', 'THREE' })
    assert.is_false(modified())
    type_keys('AX<Esc>')
    comes('neovim', 'kra', 'one\nTWO\nTHREE\nfour\n', { 'oneX', 'TWO', 'THREE', 'four' })
    comes('kra', 'neovim', 'one\nTWO\nTHREE\nfour\nfive\n', { 'oneX', 'TWO', 'THREE', 'four', 'five' })
    type_keys(':w<CR>')
    assert.equals('oneX\nTWO\nTHREE\nfour\nfive\n', world:read(path))
    assert.is_false(modified())
  end)
end)
