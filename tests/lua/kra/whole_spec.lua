-- Long texts that nobody can wait for: written by Neovim itself into a file beside the journal.
local worlds = require('tests.helpers.world')
local journal = require('tests.lua.helpers.journal')

local START = [[
  vim.g.kra = { drafts = { debounce_ms = 60000, max_wait_ms = 60000 }, retry = { first_ms = 20, max_ms = 50 } }
  require('kra.draft').start()
  require('kra.draft.whole').LEAST = 0
]]
local TEXT = [[return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')]]

describe('a long text at the end', function()
  local world, editor

  before_each(function() world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } }) end)
  after_each(function() world:close() end)

  local function open()
    editor = world:nvim()
    editor:lua(START)
    return editor
  end
  local function flush() editor:lua("require('kra.draft').flush(true)") end
  local function only() return journal.only(world) end
  local function files() return vim.fn.glob(world.dir .. '/*/kra/drafts/texts/*', true, true) end

  local kinds = {
    ['without a name'] = "vim.fn.setline(1, { 'typed', '', 'without a name', '' })",
    ['one line'] = "vim.fn.setline(1, 'x')",
    ['empty lines'] = "vim.fn.setline(1, { '', '', '' })",
    ['one line of 3 MB'] = "vim.fn.setline(1, { 'a', ('x'):rep(3 * 1024 * 1024) })",
    ['NUL bytes and broken UTF-8'] = "vim.fn.setline(1, { 'a\\nb\\n', '\\255\\254', '\\n' })",
    ['CRLF'] = "vim.bo.fileformat = 'dos' vim.fn.setline(1, { 'a', 'b\\r', '' })",
    ['CR'] = "vim.bo.fileformat = 'mac' vim.fn.setline(1, { 'a\\n', 'b\\r', '\\n\\r' })",
    ['a byte order mark'] = "vim.bo.bomb = true vim.fn.setline(1, { 'a', '\\239\\187\\191b' })",
    ['UTF-16'] = "vim.bo.fileencoding = 'utf-16' vim.fn.setline(1, { 'gr\\195\\188n', '\\240\\159\\144\\139' })",
    ['latin1'] = "vim.bo.fileencoding = 'latin1' vim.fn.setline(1, { 'gr\\195\\188n' })",
    ['latin1 that has no such letter'] = "vim.bo.fileencoding = 'latin1' vim.fn.setline(1, { '\\226\\130\\172' })",
    ['no end of line'] = "vim.bo.endofline, vim.bo.fixendofline = false, false vim.fn.setline(1, { 'a', 'b' })",
    ['no end of line, but the last is empty'] = "vim.bo.endofline, vim.bo.fixendofline = false, false vim.fn.setline(1, { 'a', '' })",
    ['binary, no end of line'] = "vim.bo.binary, vim.bo.endofline = true, false vim.fn.setline(1, { 'a', 'b' })",
    ['the end of file of old'] = "vim.bo.endoffile = true vim.fn.setline(1, { 'a', 'b' })",
    ['that may not be modified'] = "vim.fn.setline(1, { 'a', 'b' }) vim.bo.modifiable, vim.bo.readonly = false, true",
    ['hidden'] = [[
      vim.fn.setline(1, 'a')
      vim.cmd('hide enew')
      vim.fn.appendbufline(1, 1, { 'b', '' })
      require('kra.draft.records').get(1).rescan = true
    ]],
  }
  for name, code in pairs(kinds) do
    it('is kept byte for byte: ' .. name, function()
      open()
      editor:lua(code)
      local text = editor:lua([[return table.concat(vim.api.nvim_buf_get_lines(1, 0, -1, false), '\n')]])
      flush()
      local draft = only()
      assert.is_string(draft.beside)
      assert.is_true(draft.text == text)
      assert.equals(tonumber('600', 8), vim.uv.fs_stat(files()[1]).mode % 512)
      assert.equals(1, #files())
    end)
  end

  -- All that a `:write` could have touched.
  local STATE = [[
    local function command(text) return vim.api.nvim_exec2(text, { output = true }).output end
    local out = { ls = command('ls!'), marks = command('marks'), changes = command('changes'), messages = command('messages'),
      tick = vim.b.changedtick, name = vim.api.nvim_buf_get_name(0), errmsg = vim.v.errmsg, warningmsg = vim.v.warningmsg,
      statusmsg = vim.v.statusmsg, tree = vim.fn.undotree(), mode = vim.fn.mode(1), view = vim.fn.winsaveview(), events = _G.events,
      wins = #vim.api.nvim_list_wins(), shell = vim.v.shell_error, session = vim.g.SessionLoad or 'none', blocking = vim.api.nvim_get_mode().blocking,
      registers = vim.tbl_map(function(name) return vim.fn.getreg(name) end, { '%', '#', ':', '.', '"', '/' }), options = {} }
    for name in pairs(vim.api.nvim_get_all_options_info()) do
      local ok, value = pcall(vim.api.nvim_get_option_value, name, {}) -- 0.10 has names without an option
      out.options[name] = ok and value or nil
    end
    return out
  ]]
  local SETTINGS = [[
    vim.o.backup, vim.o.writebackup, vim.o.patchmode, vim.o.fsync, vim.o.undofile = true, true, '.orig', true, true
    vim.o.cpoptions, vim.o.backupdir, vim.o.hidden = vim.o.cpoptions .. 'FPWZ+', vim.env.HOME, true
    vim.o.undodir = vim.env.HOME
    vim.cmd('edit first.txt | edit second.txt | enew')
    vim.fn.setline(1, { 'one', 'two', 'three', 'four' })
    vim.cmd('let &undolevels = &undolevels | 2,3delete | undo | 2')
    vim.api.nvim_feedkeys('yl', 'xt', false)
  ]]
  local WATCH = [[
    _G.events = {}
    for _, event in ipairs(vim.fn.getcompletion('', 'event')) do
      -- Some take over what they stand for; SafeState comes with each request.
      if not event:find('Cmd$') and event ~= 'SafeState' then
        vim.api.nvim_create_autocmd(event, { callback = function(args) table.insert(_G.events, args.event .. ' ' .. args.match) end })
      end
    end
  ]]
  for mode, keys in pairs({ normal = '', insert = 'i', visual = 'Vj', ['command line'] = ':echo' }) do
    it('changes nothing that a user, an option or an autocommand sees: in mode ' .. mode, function()
      open()
      editor:lua(SETTINGS)
      editor:lua("vim.cmd('silent! preserve') require('kra.draft.undo').poke = function() end")
      if keys ~= '' then editor:request('nvim_input', keys) end
      editor:lua(WATCH)
      local before = editor:lua(STATE)
      flush()
      assert.is_string(only().beside)
      assert.same(before, editor:lua(STATE))
      local there = vim.fn.readdir(world.home)
      assert.is_false(vim.iter(there):any(function(name) return name:find('orig') or name:find('~') or name:find('texts') end), vim.inspect(there))
      assert.equals(1, #files())
      editor:request('nvim_input', '<C-\\><C-N>')
    end)
  end

  it('is kept when nothing may be written', function()
    open()
    editor:lua("vim.o.write = false vim.fn.setline(1, { 'a', 'b' })")
    flush()
    assert.equals('a\nb', only().text)
    assert.is_false(editor:lua('return vim.o.write'))
  end)

  it('lies in a directory of any name', function()
    world.env.KRA_STATE_DIR = world.dir .. "/state/kra/a b%#$HOME`x`'*[!|\\"
    open()
    editor:lua("vim.fn.setline(1, { 'a', 'b' })")
    flush()
    local found = vim.fn.readdir(world.env.KRA_STATE_DIR .. '/drafts/texts')
    assert.equals(1, #found)
    assert.equals('a\nb\n', journal.read(world.env.KRA_STATE_DIR .. '/drafts/texts/' .. found[1]))
  end)

  it('goes on by edits, and is replaced by the next one', function()
    open()
    editor:lua("vim.fn.setline(1, { 'a', 'b', 'c' })")
    flush()
    local first = only().beside
    editor:lua("vim.fn.append(1, 'typed later')")
    flush()
    assert.same({ first, 'a\ntyped later\nb\nc' }, { only().beside, only().text })
    editor:lua("local rec = require('kra.draft.records').get(1) rec.rescan, rec.dirty = true, true")
    flush()
    assert.equals('a\ntyped later\nb\nc', only().text)
    assert.is_true(only().beside ~= first)
    assert.equals(1, #files())
  end)

  it('is written anew, and is not held up by what was read of it before', function()
    open()
    editor:lua([[
      local lines = {}
      for i = 1, 100000 do lines[i] = 'line ' .. i end
      vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
      local draft = require('kra.draft')
      draft.flush()
      assert(require('kra.draft.records').get(1).scan, 'read in one turn')
      vim.fn.setline(3, 'another')
      vim.fn.setline(99999, 'another')
    ]])
    flush()
    assert.is_string(only().beside)
    assert.is_true(only().text == editor:lua(TEXT))
    editor:lua("vim.fn.setline(3, 'the third')")
    flush()
    assert.is_true(only().text == editor:lua(TEXT))
  end)

  it('goes with the end of the draft, but for one that was discarded', function()
    open()
    editor:lua("vim.o.hidden = true vim.fn.setline(1, { 'a', 'b' })")
    flush()
    assert.equals(1, #files())
    editor:command('write saved.txt')
    world:wait(function() return #files() == 0 end, 'the end of the text')
    assert.is_nil(only())
    editor:lua("vim.cmd('enew') vim.fn.setline(1, { 'c', 'd' }) require('kra.draft').flush(true) vim.cmd('bwipeout!')")
    world:wait(function()
      for _, draft in pairs(journal.drafts(world)) do
        if draft.why == 'discarded' then return draft.text == 'c\nd' and draft.beside end
      end
    end, 'a discarded draft', nil, function() return vim.inspect(journal.drafts(world)) end)
    assert.equals(1, #files())
  end)

  for _, how in ipairs({ 'quit!', 'qall!' }) do
    it('is kept as it is let go: ' .. how, function()
      open()
      editor:lua("vim.fn.setline(1, { 'a', 'b' })")
      pcall(editor.command, editor, how)
      local draft = world:wait(function()
        local _, draft = next(journal.drafts(world))
        return draft and draft.why == 'discarded' and draft
      end, 'a discarded draft')
      assert.equals('a\nb', draft.text)
      assert.is_string(draft.beside)
    end)
  end

  it('is kept when its screen goes away', function()
    open()
    editor:lua("vim.fn.setline(1, { 'a', 'b' })")
    editor:request('nvim_ui_attach', 80, 24, vim.empty_dict())
    editor:request('nvim_ui_detach')
    assert.equals('a\nb', only().text)
    assert.is_string(only().beside)
  end)

  -- Each leaves the draft of before, and no half text.
  local OLD = [[
    vim.fn.setline(1, { 'old' })
    require('kra.draft.whole').LEAST = 1e9
    require('kra.draft').flush(true)
    require('kra.draft.whole').LEAST = 0
    vim.fn.setline(1, { 'new', 'text' })
    local rec = require('kra.draft.records').get(1)
    rec.rescan = true
  ]]
  it('that is cut short by a death leaves the draft of before', function()
    open()
    editor:lua(OLD)
    editor:lua([[
      local journal = require('kra.draft.journal')
      journal.append = function() vim.uv.kill(vim.uv.os_getpid(), 'sigkill') end
    ]])
    pcall(flush)
    assert.equals(1, #files())
    assert.equals('old', only().text)
  end)

  it('goes to the second place where the first takes none, or in pieces where neither does', function()
    vim.fn.mkdir(world.dir .. '/run/kra', 'p', tonumber('700', 8))
    world:write('state/kra/drafts/texts', 'a file in the way')
    open()
    editor:lua(OLD)
    flush()
    assert.same({ 'new\ntext', 1 }, { only().text, #files() })
    assert.is_truthy(table.concat(files(), ' '):find('/run/kra/drafts/texts/', 1, true))
    editor:stop()
    vim.fn.delete(world.dir .. '/run/kra/drafts', 'rf')
    for _, path in ipairs(vim.fn.glob(world.dir .. '/state/kra/drafts/*.journal', true, true)) do vim.uv.fs_unlink(path) end
    world:write('run/kra/drafts/texts', 'a file in the way')
    open()
    editor:lua(OLD)
    flush()
    world:wait(function()
      for _, draft in pairs(journal.drafts(world)) do
        if draft.text == 'new\ntext' and not draft.beside then return true end
      end
    end, 'the text in pieces')
  end)

  it('that a disk has no room for is kept all the same', function()
    local disk = world.dir .. '/state/kra'
    vim.fn.mkdir(disk, 'p', tonumber('700', 8))
    if world:run({ 'mount', '-t', 'tmpfs', '-o', 'size=1m,mode=700', 'none', disk }).code ~= 0 then return pending('nothing can be mounted here') end
    vim.fn.mkdir(world.dir .. '/run/kra', 'p', tonumber('700', 8))
    local ok, err = pcall(function()
      open()
      editor:lua(OLD)
      editor:lua("vim.fn.setline(1, { 'new', ('x'):rep(3 * 1024 * 1024) })")
      flush()
      assert.is_true(only().text == 'new\n' .. ('x'):rep(3 * 1024 * 1024))
      assert.same({}, vim.fn.readdir(disk .. '/drafts/texts'))
      editor:stop()
    end)
    world:check({ 'umount', '-l', disk })
    assert(ok, err)
  end)

  it('whose bytes cannot be summed up is sent in pieces', function()
    world.env.KRA_LIB = '/nonexistent.so'
    open()
    editor:lua("require('kra.native').crc32c = nil vim.fn.setline(1, { 'a', 'b' })")
    flush()
    assert.same({ 'a\nb', {} }, { only().text, files() })
  end)

  it('is not written of a secret', function()
    open()
    editor:command('edit .env')
    editor:lua("vim.fn.setline(1, { 'CANARY', 'b' })")
    flush()
    assert.same({}, files())
    assert.equals(1, world:run({ 'grep', '-raqs', 'CANARY', world.dir .. '/state' }).code)
  end)
end)
