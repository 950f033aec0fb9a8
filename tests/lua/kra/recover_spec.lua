-- Stored text back into buffers: what the daemon would hand over comes from a stand-in.
local worlds = require('tests.helpers.world')
local peers = require('tests.lua.helpers.peer')
local screens = require('tests.lua.helpers.screen')

local settings = [[vim.g.kra = { drafts = { debounce_ms = 20, max_wait_ms = 60 }, autosave = { editor_debounce_ms = 20 } }]]
local TEXT = [[return table.concat(vim.api.nvim_buf_get_lines(..., 0, -1, false), '\n')]]

describe('recovery', function()
  local world, peer, screen, stored, taken

  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } })
    peer = peers.new(world)
    stored, taken = {}, {}
    world:write('home/file.txt', 'one\ntwo\nthree\n')
    world:write('state/kra/drafts/dead.journal', '') -- there is one of another editor
    peer.answers.drafts = function(params)
      local rows = vim.tbl_filter(function(row) return not params.path or row.path == params.path end, stored)
      return { drafts = rows, editors = {} }
    end
    peer.answers.draft_take = function(params) return assert(taken[params.id], 'no such draft') end
    peer.answers.draft_end = function() return vim.empty_dict() end
    peer.answers.draft = function(params) return { seq = params.records[#params.records][2], durability = 'journal' } end
    peer.answers.measure, peer.answers.heartbeat, peer.answers.files = function() end, function() end, function() end
  end)
  after_each(function()
    peer:close()
    world:close()
  end)

  local function base_of(path)
    local stat = vim.uv.fs_stat(path)
    return { dev = stat.dev, ino = stat.ino, size = stat.size, mtime_ns = stat.mtime.sec * 1e9 + stat.mtime.nsec }
  end
  local made = 0
  local function keep(text, more)
    made = made + 1
    local id = 'dead/' .. made
    local row = vim.tbl_extend('force', { id = id, client = 'dead', editor = 'abc', buffer = 'dead-' .. made, at = (os.time() - 60 * made) * 1000,
      bytes = #text, lines = 1, preview = text:sub(1, 20), state = 'left', cwd = world.home }, more or {})
    table.insert(stored, row)
    taken[id] = vim.tbl_extend('force', { encoding = 'utf-8', fileformat = 'unix', bomb = false, eol = true, filetype = 'text',
      file = world:write('out/' .. made, text), cursor = { 2, 1 } }, row)
    return id
  end
  local function of_file(text, more)
    return keep(text, vim.tbl_extend('force', { path = world.home .. '/file.txt', base = base_of(world.home .. '/file.txt') }, more or {}))
  end
  local function start(options)
    screen = screens.new(world, vim.tbl_extend('force', { vimrc = settings }, options or {}))
    screen:wait("return require('kra.rpc').connected()", 'a connection')
    return screen
  end
  local function recovered(id)
    world:wait(function()
      for _, params in ipairs(peer:told('draft_end')) do
        if params.id == id and params.why == 'recovered' then return true end
      end
    end, 'the end of the stored draft', nil, function() return vim.inspect(peer:told('draft_end')) end)
  end
  local function messages() return screen:lua("return vim.api.nvim_exec2('messages', { output = true }).output") end
  local function told(text)
    world:wait(function() return messages():find(text, 1, true) end, 'the notice', nil, messages)
  end
  -- Answers vim.ui.select by the beginning of the text of an item.
  local function answer(...)
    screen:lua([[
      local answers = { ... }
      _G.asked = {}
      vim.ui.select = function(items, opts, done)
        local wanted = table.remove(answers, 1)
        local texts = vim.tbl_map(opts.format_item or tostring, items)
        table.insert(_G.asked, texts)
        for i, text in ipairs(texts) do
          if wanted and text:find(wanted) then return done(items[i], i) end
        end
        done(nil)
      end
    ]], ...)
  end

  it('by :Kra drafts makes the buffer modified, exactly as typed, and leaves the file alone', function()
    local id = of_file('one\nTWO\0\r\nthree and more')
    start()
    answer('left.*file.txt', 'recover')
    screen:lua([[
      _G.events = {}
      vim.api.nvim_create_autocmd('User', { pattern = 'KraDraftRecovered', callback = function(event) table.insert(_G.events, event.data) end })
    ]])
    screen:command('Kra drafts')
    screen:wait("return vim.api.nvim_buf_get_name(0):find('file.txt') ~= nil and vim.bo.modified", 'the buffer')
    assert.equals('one\nTWO\0\r\nthree and more', screen:lua(TEXT, 0))
    assert.same({ 'TWO\n\r', { 2, 1 } }, screen:lua('return { vim.fn.getline(2), vim.api.nvim_win_get_cursor(0) }'))
    assert.equals('one\ntwo\nthree\n', world:read('home/file.txt'))
    assert.same({ world.home .. '/file.txt', true }, screen:lua('return { _G.events[1].path, _G.events[1].ok }'))
    recovered(id)
    screen:command('undo')
    assert.equals('one\ntwo\nthree', screen:lua(TEXT, 0))
    screen:command('redo')
    screen:command('write')
    assert.equals('one\nTWO\0\r\nthree and more\n', world:read('home/file.txt'))
  end)

  it('comes with the undo history, what was typed later as one step', function()
    local editor = world:nvim()
    editor:command('edit file.txt')
    editor:lua([[vim.api.nvim_feedkeys(vim.keycode('xj'), 'xt', false) vim.api.nvim_feedkeys(vim.keycode('x'), 'xt', false)]])
    editor:command('wundo ' .. world.dir .. '/undo-file')
    editor:stop()
    of_file('ne\nwo\nlater\nthree', { undo = { file = world.dir .. '/undo-file', text = world:write('out/undo-text', 'ne\nwo\nthree') } })
    start()
    answer('file.txt', 'recover')
    screen:command('Kra drafts')
    screen:wait('return vim.bo.modified', 'the buffer')
    local seen = {}
    for _ = 1, 3 do
      screen:command('undo')
      table.insert(seen, screen:lua(TEXT, 0))
    end
    assert.same({ 'ne\nwo\nthree', 'ne\ntwo\nthree', 'one\ntwo\nthree' }, seen)
  end)

  it('after a session brings named and unnamed texts back by themselves', function()
    local named = of_file('ONE\ntwo\nthree')
    local unnamed = keep('typed\nwithout a name', { buffer = 'the-buffer' })
    local hidden = keep('hidden one')
    local discarded = of_file('no', { state = 'discarded' })
    local state = { version = 1, size = { 120, 40 }, cwd = world.home, tab = 1,
      tabs = { { layout = { 2, 0, 0 }, win = 1, windows = {
        { buffer = 1, width = 60, height = 38, cursor = { 1, 0 }, top = 1 },
        { buffer = 2, width = 59, height = 38, cursor = { 1, 0 }, top = 1 } } } },
      buffers = { { path = world.home .. '/file.txt' }, { draft = 'the-buffer' } } }
    peer.answers.session_get = function() return { state = state } end
    screen = screens.new(world, { vimrc = settings, env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' } })
    screen:wait('return #vim.fn.getbufinfo({ bufmodified = 1 }) == 3', 'three modified buffers')
    local shown = screen:lua([[
      return vim.tbl_map(function(win)
        local buf = vim.api.nvim_win_get_buf(win)
        return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), '\n')
      end, vim.api.nvim_tabpage_list_wins(0))
    ]])
    assert.same({ 'ONE\ntwo\nthree', 'typed\nwithout a name' }, shown)
    for _, id in ipairs({ named, unnamed, hidden }) do recovered(id) end
    for _, params in ipairs(peer:told('draft_end')) do assert.are_not.equal(discarded, params.id) end
    assert.is_nil(messages():find('wait', 1, true))
  end)

  it('is told once when the file is opened, not as a question', function()
    of_file('ONE\ntwo\nthree')
    start({ cwd = world.dir .. '/tmp' })
    for _ = 1, 2 do
      screen:command('edit ' .. world.home .. '/file.txt')
      screen:command('bwipeout')
    end
    screen:command('edit ' .. world.home .. '/file.txt')
    told('unsaved text of')
    local _, count = messages():gsub('unsaved text of', '')
    assert.equals(1, count)
    assert.equals('one\ntwo\nthree', screen:lua(TEXT, 0))
  end)

  it('is told once when Neovim starts in the directory', function()
    keep('some text')
    start()
    told('unsaved text of this directory waits')
  end)

  for choice, expected in pairs({
    ['the unsaved text'] = { 'MINE\ntwo\nthree', true }, ['the file as it is'] = { 'theirs\ntwo\nthree', false },
    ['both'] = { 'MINE\ntwo\nthree', true },
  }) do
    it('with a file that changed meanwhile shows a diff and asks: ' .. choice, function()
      local id = of_file('MINE\ntwo\nthree')
      world:write('home/file.txt', 'theirs\ntwo\nthree\n')
      start()
      answer('left.*file.txt', 'recover', choice)
      screen:command('edit file.txt')
      screen:command('Kra drafts')
      screen:wait('return #_G.asked == 3', 'three questions')
      assert.equals(3, #screen:lua('return _G.asked[3]'))
      assert.same(expected, { screen:lua(TEXT, 0), screen:lua('return vim.bo.modified') })
      assert.equals('theirs\ntwo\nthree\n', world:read('home/file.txt'))
      assert.equals(choice == 'both' and '' or world.home .. '/file.txt', screen:lua('return vim.api.nvim_buf_get_name(0)'))
      assert.equals(1, screen:lua("return vim.fn.tabpagenr('$')"))
      if expected[2] then recovered(id) else assert.same({}, peer:told('draft_end')) end
    end)
  end

  it('after a session leaves a file that changed meanwhile, and says so', function()
    of_file('MINE\ntwo\nthree')
    world:write('home/file.txt', 'theirs\ntwo\nthree\n')
    local state = { version = 1, size = { 120, 40 }, cwd = world.home, tab = 1, buffers = { { path = world.home .. '/file.txt' } },
      tabs = { { layout = { 0 }, win = 1, windows = { { buffer = 1, width = 120, height = 38, cursor = { 1, 0 }, top = 1 } } } } }
    peer.answers.session_get = function() return { state = state } end
    screen = screens.new(world, { vimrc = settings, env = { KRA_EDITOR = 'abc', KRA_GENERATION = 'x/y/1' } })
    told('the file was changed since')
    assert.same({ 'theirs\ntwo\nthree', false }, { screen:lua(TEXT, 0), screen:lua('return vim.bo.modified') })
    assert.same({}, peer:told('draft_end'))
  end)

  it('of a file that is gone comes back without a name', function()
    local id = of_file('ONE\ntwo\nthree')
    vim.uv.fs_unlink(world.home .. '/file.txt')
    start()
    answer('left.*file.txt', 'recover')
    screen:command('Kra drafts')
    screen:wait('return vim.bo.modified', 'the buffer')
    assert.same({ '', 'ONE\ntwo\nthree', world.home .. '/file.txt' },
      { screen:lua('return vim.api.nvim_buf_get_name(0)'), screen:lua(TEXT, 0), screen:lua('return vim.b.kra_draft_of') })
    recovered(id)
  end)

  it('keeps encoding, line ends and byte order mark: a write gives the same bytes', function()
    world:write('home/latin.txt', 'gr\252n\r\nrot\r\n')
    local latin = world.home .. '/latin.txt'
    keep('grün\nblau', { path = latin, base = base_of(latin), encoding = 'latin1', fileformat = 'dos', eol = false })
    keep('mark', { path = world.home .. '/bom.txt', bomb = true })
    start()
    for _, name in ipairs({ 'latin.txt', 'bom.txt' }) do
      answer(name, 'recover')
      screen:command('Kra drafts')
      screen:wait(("return vim.api.nvim_buf_get_name(0):find('%s') ~= nil and vim.bo.modified"):format(name), 'the buffer')
      screen:command('set nofixendofline')
      screen:command('write')
    end
    assert.equals('gr\252n\r\nblau', world:read('home/latin.txt'))
    assert.equals('\239\187\191mark\n', world:read('home/bom.txt'))
  end)

  it('of edits alone needs the file that they are of', function()
    local first, second = { edits = { { 0, 1, 2, 'ONE\nmore' } } }, { edits = { { 3, 4, 0, '' } } }
    local edits = world:write('out/edits', vim.mpack.encode(first) .. vim.mpack.encode(second))
    of_file('', { base_only = true, edits = edits })
    start()
    answer('left.*file.txt', 'recover')
    screen:command('Kra drafts')
    screen:wait('return vim.bo.modified', 'the buffer')
    assert.equals('ONE\nmore\ntwo', screen:lua(TEXT, 0))
  end)

  it('compares in a diff, and discards only on request', function()
    local id = of_file('ONE\ntwo\nthree')
    start()
    answer('left.*file.txt', 'compare', 'left.*file.txt', 'discard')
    screen:command('Kra drafts')
    screen:wait("return vim.fn.tabpagenr('$') == 2", 'the diff')
    assert.same({ true, true }, screen:lua('return vim.tbl_map(function(win) return vim.wo[win].diff end, vim.api.nvim_tabpage_list_wins(0))'))
    assert.same({}, peer:told('draft_end'))
    screen:command('tabclose')
    screen:command('Kra drafts')
    world:wait(function() return #peer:told('draft_end') == 1 end, 'the discard')
    assert.same({ id = id, why = 'discarded' }, peer:told('draft_end')[1])
  end)

  it('lists the modified buffers of this editor too', function()
    start()
    screen:command('edit file.txt')
    screen:lua("vim.fn.setline(1, 'changed') vim.cmd('hide enew')")
    answer('^here.*file.txt')
    screen:command('Kra drafts')
    screen:wait("return vim.api.nvim_buf_get_name(0):find('file.txt') ~= nil", 'the buffer')
  end)

  it('is not needed for files that others change: FocusGained looks, reads again, and never asks', function()
    world:write('home/other.txt', 'other\n')
    start({ vimrc = settings .. '\nvim.o.autoread = true' })
    screen:command('edit other.txt')
    screen:command('edit file.txt')
    screen:lua("vim.fn.setline(1, 'mine')")
    screen:lua("for _, name in ipairs({ 'other.txt', 'file.txt' }) do vim.uv.fs_utime(name, 1, 1) end")
    world:write('home/other.txt', 'changed\n')
    world:write('home/file.txt', 'changed\n')
    screen:lua("vim.api.nvim_exec_autocmds('FocusGained', {})")
    told('was changed on disk')
    screen:wait("return vim.fn.getbufline('other.txt', 1)[1] == 'changed'", 'the other file')
    assert.equals('mine', screen:lua('return vim.fn.getline(1)'))
  end)

  it('leads to the pane of another editor', function()
    world:start_tmux()
    world:tmux('new-window', '-d', '-t', 'main:5')
    world:attach('main')
    local pane = world:tmux('display-message', '-p', '-t', 'main:5', '#{pane_id}')
    keep('typed there', { state = 'open', pane = pane, server = world.socket, pid = 1 })
    start()
    answer('open.*typed there', 'go there')
    screen:command('Kra drafts')
    world:wait(function() return world:tmux('display-message', '-p', '-t', 'main', '#{window_index}') == '5' end, 'the window')
  end)

  it('is told of while its editor does not answer, and no longer when that is heard again', function()
    start()
    local function problems()
      return screen:lua("return vim.tbl_map(function(problem) return problem.code end, require('kra').status().problems)")
    end
    peer:call('draft_abandoned', { client = 'c1', pane = '%3', unsaved = 2 })
    told('in pane %3 has not answered')
    peer:call('draft_abandoned', { client = 'c2', pane = '%4', unsaved = 1 })
    assert.same({ 'abandoned', 'abandoned' }, problems())
    peer:call('draft_returned', { client = 'c1' })
    assert.same({ 'abandoned' }, problems())
    peer:call('draft_returned', { client = 'c2' })
    assert.same({}, problems())
  end)

  it('tells where the file is open already', function()
    peer.answers.drafts = function()
      return { drafts = {}, editors = { { editor = 'other', pid = 1, pane = '%9', server = '/tmp/some' } } }
    end
    start()
    screen:command('edit file.txt')
    told('is open in pane %9 too')
  end)
end)
