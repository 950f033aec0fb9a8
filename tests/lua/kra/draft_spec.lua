-- Unsaved text on its way into the journal, without a daemon.
local worlds = require('tests.helpers.world')
local journal = require('tests.lua.helpers.journal')

local START = [[
  vim.g.kra = { drafts = { debounce_ms = 20, max_wait_ms = 60 }, retry = { first_ms = 20, max_ms = 50 } }
  require('kra.draft').start()
]]
local TEXT = [[return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')]]

describe('unsaved text', function()
  local world, editor

  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } })
    world:write('home/file.txt', 'one\ntwo\nthree\n')
  end)
  after_each(function() world:close() end)

  local function open(name, args)
    editor = world:nvim({ args = args })
    editor:lua(START)
    if name then editor:command('edit ' .. name) end
    return editor
  end
  local function keys(text) editor:lua([[vim.api.nvim_feedkeys(vim.keycode(...), 'xt', false)]], text) end
  local function drafts() return journal.drafts(world) end
  local function wait_for(text)
    return world:wait(function()
      local draft = journal.only(world)
      return draft and draft.text == text and draft
    end, 'the text in the journal', nil, function() return vim.inspect(drafts()) end)
  end

  it('of a file is in the journal after the quiet time, with all that makes the buffer again', function()
    open('file.txt')
    editor:command('set filetype=text')
    keys('ohello<Esc>')
    local draft = wait_for('one\nhello\ntwo\nthree')
    assert.equals(world.home .. '/file.txt', draft.meta.path)
    assert.same({ 'text', 'unix', true, false }, { draft.meta.filetype, draft.meta.fileformat, draft.meta.eol, draft.meta.bomb })
    local stat = vim.uv.fs_stat(world.home .. '/file.txt')
    assert.same({ stat.ino, stat.size }, { draft.meta.base.ino, draft.meta.base.size })
    assert.equals('one\ntwo\nthree\n', world:read('home/file.txt'))
  end)

  it('of a buffer without a name too', function()
    open()
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'a', '', 'c' })
    assert.is_nil(wait_for('a\n\nc').meta.path)
  end)

  it('grows by edits, not by whole texts', function()
    open('file.txt')
    keys('x')
    wait_for('ne\ntwo\nthree')
    for _, typed in ipairs({ 'jdd', 'Gofour<Esc>', 'u', 'ggOtop<CR>second<Esc>', ':%s/e/E/g<CR>', 'ggVGJ', 'u' }) do
      keys(typed)
      wait_for(editor:lua(TEXT))
    end
    local kinds = {}
    for _, path in ipairs(vim.fn.glob(world.dir .. '/state/kra/drafts/*.journal', true, true)) do
      for _, record in ipairs(journal.records(journal.read(path))) do kinds[record.kind] = (kinds[record.kind] or 0) + 1 end
    end
    assert.equals(1, kinds[2])
    assert.equals(7, kinds[4])
  end)

  it('keeps every byte: NUL, invalid UTF-8, CR, long lines', function()
    open()
    local long = ('x'):rep(3 * 1024 * 1024)
    editor:lua([[vim.fn.setline(1, { 'a\nb', '\255\254', 'c\r', '', ('x'):rep(3 * 1024 * 1024), 'end' })]])
    for _, row in ipairs({ { 'a\0b' }, { 'n\0\0', [[vim.fn.setline(1, 'n\n\n')]] } }) do
      local first = row[1]
      if row[2] then editor:lua(row[2]) end
      editor:lua("require('kra.draft').flush(true)")
      assert.is_true(journal.only(world, true).text == first .. '\n\255\254\nc\r\n\n' .. long .. '\nend')
    end
  end)

  it('ends with a write', function()
    open('file.txt')
    keys('x')
    wait_for('ne\ntwo\nthree')
    editor:command('write')
    world:wait(function()
      local _, draft = next(drafts())
      return draft.why == 'saved'
    end, 'the end of the draft')
    keys('jx')
    wait_for('ne\nwo\nthree')
    assert.equals('ne\ntwo\nthree\n', world:read('home/file.txt'))
    assert.equals(#'ne\ntwo\nthree\n', journal.only(world).meta.base.size)
  end)

  it('that is undone to what the file is ends too', function()
    open('file.txt')
    keys('x')
    wait_for('ne\ntwo\nthree')
    keys('u')
    world:wait(function() return not journal.only(world) end, 'the end of the draft')
  end)

  for _, command in ipairs({ 'edit!', 'bwipeout!', 'bdelete!', 'quit!', 'qall!', 'noautocmd bwipeout!' }) do
    it('stays listed as discarded after :' .. command, function()
      open('file.txt')
      editor:command('set hidden')
      keys('x')
      wait_for('ne\ntwo\nthree')
      keys('jx')
      pcall(editor.command, editor, command)
      world:wait(function()
        local _, draft = next(drafts())
        return draft.why == 'discarded' and draft.text == 'ne\nwo\nthree'
      end, 'a discarded draft', nil, function() return vim.inspect(drafts()) end)
    end)
  end

  it('of hidden buffers that a plugin changes is kept', function()
    open('file.txt')
    editor:lua([[
      local buf = vim.fn.bufadd('other.txt')
      vim.fn.bufload(buf)
      vim.bo[buf].buflisted = true
      vim.api.nvim_buf_set_lines(buf, 0, -1, false, { 'by a plugin' })
    ]])
    assert.equals(world.home .. '/other.txt', wait_for('by a plugin').meta.path)
  end)

  it('follows a new name', function()
    open('file.txt')
    keys('x')
    wait_for('ne\ntwo\nthree')
    editor:command('file renamed.txt')
    world:wait(function() return journal.only(world).meta.path == world.home .. '/renamed.txt' end, 'the new name')
    editor:command('saveas! third.txt')
    world:wait(function() return not journal.only(world) end, 'the end of the draft')
  end)

  it('tells another encoding without the text', function()
    open('file.txt')
    keys('x')
    wait_for('ne\ntwo\nthree')
    editor:command('set fileencoding=latin1 fileformat=dos bomb')
    keys('jx')
    local draft = wait_for('ne\nwo\nthree')
    assert.same({ 'latin1', 'dos', true }, { draft.meta.encoding, draft.meta.fileformat, draft.meta.bomb })
  end)

  it('of a large buffer is read in pieces while it goes on changing', function()
    local seed = os.time()
    print('seed ' .. seed)
    math.randomseed(seed)
    open()
    editor:lua([[
      local lines = {}
      for i = 1, 150000 do lines[i] = ('line %d of a long text'):format(i) end
      vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
      _G.step = function(r)
        local count = vim.api.nvim_buf_line_count(0)
        local first = math.floor(r[1] * (count - 10))
        local new = {}
        for i = 1, math.floor(r[3] * 4) do new[i] = 'new ' .. i .. ' at ' .. first end
        vim.api.nvim_buf_set_lines(0, first, first + math.floor(r[2] * 8), false, new)
      end
    ]])
    for _ = 1, 400 do editor:lua('_G.step(...)', { math.random(), math.random(), math.random() }) end
    local text = editor:lua(TEXT)
    world:wait(function()
      local status = editor:lua("return require('kra.draft').status()")
      return not status.waiting and status.held == 0
    end, 'the whole text', 30000)
    assert.is_true(journal.only(world, true).text == text)
  end)

  describe('of a large file', function()
    local lines
    before_each(function()
      lines = {}
      for i = 1, 40000 do lines[i] = ('line %d of a large file'):format(i) end
      world:write('home/large.txt', table.concat(lines, '\n') .. '\n')
    end)
    -- Whole texts are read only as far as `turns` allows.
    local function hold_reading(turns)
      editor:lua([[
        local scan, left = require('kra.draft.scan'), ...
        local turn = scan.turn
        scan.turn = function(rec, put, all)
          if left <= 0 then return false end
          left = left - 1
          return turn(rec, put, all)
        end
        _G.read_on = function(more) left = more end
      ]], turns)
    end
    local function text() return editor:lua(TEXT) end
    local function is_kept()
      world:wait(function()
        local draft = journal.only(world, true)
        return draft and draft.text == text()
      end, 'the text in the journal', 10000)
    end

    for _, turns in ipairs({ 0, 1, 3 }) do
      it(('is kept before its whole text was read: after %d turns'):format(turns), function()
        open('large.txt')
        hold_reading(turns)
        local edits = { 'ggOtop<Esc>', 'Gdd', '20000Gcwmiddle<Esc>', '3jdd', 'GoTHE END<Esc>', 'ggx', '15000GOone<CR>two<CR>three<Esc>', 'u' }
        for _, typed in ipairs(edits) do
          keys(typed)
          is_kept()
        end
        editor:lua('_G.read_on(1e9)')
        world:wait(function() return not editor:lua("return require('kra.draft').status()").waiting end, 'the whole text', 10000)
        is_kept()
        -- It does not hang on the file any more.
        world:write('home/large.txt', 'another\n')
        assert.is_true(journal.only(world, true).text == text())
      end)
    end

    it('is kept at the end without reading all of it', function()
      open('large.txt')
      hold_reading(0)
      keys('GoTHE END<Esc>')
      editor:lua("require('kra.draft').flush(true)")
      assert.is_true(journal.only(world, true).text == text())
      keys('ggdd')
      editor:stop('sigterm')
      table.remove(lines, 1)
      assert.is_true(journal.only(world, true).text == table.concat(lines, '\n') .. '\nTHE END')
    end)

    it('that was written over is read whole again: changes of the old one say nothing', function()
      open('large.txt')
      hold_reading(0)
      keys('ggdd')
      is_kept()
      editor:lua("vim.cmd('silent 1,5write! large.txt')")
      editor:lua('_G.read_on(1e9)')
      keys('Gdd')
      is_kept()
      assert.is_nil(journal.only(world, true).based)
      assert.equals(5, #vim.split(vim.trim(world:read('home/large.txt')), '\n'))
    end)
  end)

  it('larger than drafts.max_buffer_bytes is left out and counted', function()
    open()
    editor:lua("require('kra').configure({ drafts = { max_buffer_bytes = 10 } })")
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'more than ten bytes' })
    world:wait(function()
      local status = editor:lua("return require('kra.draft').status()")
      return not status.waiting and vim.deep_equal(status.excluded, { { reason = 'larger than drafts.max_buffer_bytes', count = 1 } }) or false
    end, 'a count', nil, function() return vim.inspect(editor:lua("return require('kra.draft').status()")) end)
    assert.same({}, drafts())
  end)

  it('of secrets never leaves the buffer', function()
    for i, name in ipairs({ '.env', 'server.pem', 'id_rsa', 'credentials.json', 'my-secret.txt', 'notes.gpg', '.netrc', 'private/a.txt' }) do
      local canary = 'CANARY-' .. i
      local child = world:nvim()
      child:lua(START)
      child:lua([[vim.fn.mkdir('private', 'p') require('kra').configure({ privacy = { exclude = { '*/private/*' } } })]])
      child:command('edit ' .. name)
      child:request('nvim_buf_set_lines', 0, 0, -1, false, { canary })
      child:lua("require('kra.draft').flush(true)")
      child:stop()
    end
    assert.equals(1, world:run({ 'grep', '-raqs', 'CANARY', world.dir .. '/state' }).code)
  end)

  it('is refused by the same names here and in the helper', function()
    local source = journal.read(world.repo .. '/native/engine/privacy.cpp'):match('bool is_secret_file%b()%s*(%b{})')
    local globs = {}
    for glob in source:gmatch('"([^"\n]+)"') do table.insert(globs, glob ~= '/' and glob or nil) end
    assert.same(globs, require('kra.draft.privacy').globs)
  end)

  it('is appended by a signal handler from what the edits left', function()
    for _, signal in ipairs({ 'sigterm', 'sighup' }) do
      open('file.txt')
      editor:lua("require('kra').configure({ drafts = { debounce_ms = 60000, max_wait_ms = 60000 } })")
      keys('x')
      keys('jdd')
      editor:stop(signal)
      assert.equals('ne\nthree', wait_for('ne\nthree').text)
      vim.fn.delete(world.dir .. '/state/kra/drafts', 'rf')
    end
  end)

  it('of a large file is appended by a signal handler as changes of that file', function()
    world:write('home/big.txt', ('line of a big file\n'):rep(20000))
    open('big.txt')
    editor:lua("require('kra').configure({ drafts = { debounce_ms = 60000, max_wait_ms = 60000 } })")
    keys('GoTHE END<Esc>')
    editor:stop('sigterm')
    wait_for(('line of a big file\n'):rep(20000) .. 'THE END')
  end)

  it('goes to a second place while the state directory takes nothing, and to the first when it does again', function()
    if vim.uv.getuid() == 0 then world:write('state/kra', 'a file where the directory should be') end
    vim.uv.fs_mkdir(world.dir .. '/run/kra', tonumber('700', 8))
    open()
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'kept' })
    world:wait(function() return editor:lua("return require('kra.draft').status().durability") == 'second' end, 'the second place')
    vim.uv.fs_unlink(world.dir .. '/state/kra')
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'kept here' })
    world:wait(function() return editor:lua("return require('kra.draft').status().durability") == 'journal' end, 'the first place')
  end)

  it('waits in memory when nothing takes it, says so once, and is written when there is room', function()
    world.env.KRA_STATE_DIR, world.env.KRA_RUNTIME_DIR = world:write('room', 'a file in the way'), '/proc/nowhere'
    open()
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'kept' })
    world:wait(function() return editor:lua("return require('kra.draft').status().durability") == 'memory' end, 'the notice')
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'kept on' })
    world:wait(function() return editor:lua("return require('kra.draft').status().held") > 0 end, 'held text')
    world:wait(function() return editor:lua("return require('kra.draft.sink').oldest_ms()") > 1000 end, 'a text that has waited for long')
    -- The daemon's word for the same.
    editor:lua("require('kra.rpc').serve('problem', { code = 'drafts_memory', text = 'no space' })")
    local function problems()
      local all = editor:lua("return require('kra').status().problems")
      return #vim.tbl_filter(function(problem) return problem.code == 'drafts_memory' end, all)
    end
    assert.equals(1, problems())
    vim.uv.fs_unlink(world.dir .. '/room')
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { 'kept at last' })
    world:wait(function() return editor:lua("return require('kra.draft').status().durability") == 'journal' end, 'the journal')
    assert.equals(0, problems())
    assert.equals(0, editor:lua("return require('kra.draft.sink').oldest_ms()"))
  end)

  it('survives a failure of ours without disturbing who types', function()
    open('file.txt')
    editor:lua([[
      local pack = require('kra.draft.pack')
      local payload, left = pack.payload, 3
      pack.payload = function(...)
        left = left - 1
        if left > 0 then error('a failure of ours') end
        return payload(...)
      end
    ]])
    keys('x')
    wait_for('ne\ntwo\nthree')
    assert.equals('', editor:lua('return vim.v.errmsg'))
  end)

  it('comes with its undo history', function()
    open('file.txt')
    editor:lua("require('kra.draft.undo')")
    keys('xjxjx')
    local draft = world:wait(function()
      local draft = journal.only(world)
      return draft and draft.undo and draft
    end, 'an undo file')
    assert.equals('ne\nwo\nhree', draft.undo_text)
    local path = world.dir .. '/state/kra/drafts/undo/' .. draft.undo
    assert.equals(tonumber('600', 8), vim.uv.fs_stat(path).mode % 512)
    local other = world:nvim()
    other:request('nvim_buf_set_lines', 0, 0, -1, false, vim.split(draft.undo_text, '\n'))
    other:command('rundo ' .. path)
    other:command('undo | undo | undo')
    assert.equals('one\ntwo\nthree', other:lua(TEXT))
  end)
end)
