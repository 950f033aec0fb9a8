local worlds = require('tests.helpers.world')

local RESTORE = [[
  local state = ...
  _G.report = nil
  local ok, err = require('kra.session').restore(state, { done = function(report) _G.report = report end })
  if not ok then return { ok = false, err = err } end
  vim.wait(5000, function() return _G.report end, 1)
  return _G.report
]]
local SHOWN = [[
  local function name(win) return vim.fs.basename(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(win))) end
  return vim.tbl_map(name, vim.api.nvim_list_wins())
]]
-- Options that a restore changes for a while, and what else must be as it was.
local AROUND = [[
  local names = { 'eventignore', 'lazyredraw', 'shortmess', 'hidden', 'equalalways', 'winminheight', 'winminwidth', 'winheight', 'winwidth', 'more',
    'confirm', 'autochdir', 'shada', 'shadafile', 'viewoptions', 'swapfile', 'cpoptions' }
  local out = { session = vim.g.SessionLoad == nil }
  for _, name in ipairs(names) do out[name] = vim.o[name] end
  out.autocmds = #vim.api.nvim_get_autocmds({ event = 'SwapExists' })
  return out
]]

describe('a restore', function()
  local world, editor
  before_each(function()
    world = worlds.new()
    for i = 1, 6 do world:write(('home/file%d.txt'):format(i), ('text\n'):rep(50)) end
    editor = world:nvim()
    editor:lua('vim.o.columns = 120 vim.o.lines = 40')
  end)
  after_each(function()
    editor:stop()
    world:close()
  end)

  local function path(i) return ('%s/home/file%d.txt'):format(world.dir, i) end

  -- A state of tabs, each a list of files side by side.
  local function state_of(tabs)
    local state = { version = 1, size = { 120, 40 }, cwd = world.home, tab = 1, tabs = {}, buffers = {} }
    for t, files in ipairs(tabs) do
      local tab = { layout = #files > 1 and { #files } or {}, windows = {}, win = 1 }
      for i, file in ipairs(files) do
        table.insert(tab.layout, 0)
        table.insert(state.buffers, { path = file })
        tab.windows[i] = { buffer = #state.buffers, width = 30, height = 30, cursor = { 5, 0 }, top = 1 }
      end
      state.tabs[t] = tab
    end
    return state
  end

  it('compiles nothing of what runs once, and leaves the compiler as the user has it', function()
    editor:lua([[
      _G.during = {}
      vim.api.nvim_create_autocmd('BufReadPost', { callback = function() table.insert(_G.during, (jit.status())) error('one that fails') end })
    ]])
    for _, on in ipairs({ true, false }) do
      editor:lua(on and 'jit.on()' or 'jit.off()')
      editor:lua(RESTORE, state_of({ { path(1), path(2) }, { path(3) } }))
      assert.equals(on, editor:lua('return (jit.status())'))
      assert.is_true(editor:lua('return vim.g.SessionLoad == nil'))
      editor:lua('vim.cmd("%bwipeout!")')
    end
    assert.same({ false, false, false, false, false, false }, editor:lua('return _G.during'))
  end)

  it('never lets a modified buffer go, named or not', function()
    editor:lua([[
      vim.cmd.edit('file5.txt')
      vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'unsaved' })
      vim.cmd.new()
      vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'nameless' })
      vim.cmd.tabedit('file6.txt')
      vim.bo.bufhidden = 'wipe'
      vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'would be wiped' })
    ]])
    editor:lua(RESTORE, state_of({ { path(1), path(2) } }))
    local texts = editor:lua([[
      local out = {}
      for _, buf in ipairs(vim.api.nvim_list_bufs()) do
        if vim.bo[buf].modified then table.insert(out, vim.api.nvim_buf_get_lines(buf, 0, 1, false)[1]) end
      end
      table.sort(out)
      return out
    ]])
    assert.same({ 'nameless', 'unsaved', 'would be wiped' }, texts)
  end)

  it('shows a modified buffer of the session as it is and does not read it again', function()
    editor:lua([[vim.cmd.edit('file1.txt') vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'unsaved' })]])
    local report = editor:lua(RESTORE, state_of({ { path(1) } }))
    assert.same({}, report.failed)
    assert.same({ 'unsaved', true }, editor:lua('return { vim.api.nvim_buf_get_lines(0, 0, 1, false)[1], vim.bo.modified }'))
  end)

  it('closes what was open before and unlists its unmodified files', function()
    editor:lua([[vim.cmd.edit('file5.txt') vim.cmd.split('file6.txt')]])
    editor:lua(RESTORE, state_of({ { path(1), path(2) }, { path(3) } }))
    assert.same({ 2, 2 }, editor:lua("return { #vim.api.nvim_list_tabpages(), vim.fn.winnr('$') }"))
    assert.same({ 'file1.txt', 'file2.txt', 'file3.txt' }, editor:lua([[
      local out = vim.tbl_map(function(info) return vim.fs.basename(info.name) end, vim.fn.getbufinfo({ buflisted = 1 }))
      table.sort(out)
      return out
    ]]))
  end)

  it('reads files with their events, the first tab before it comes back', function()
    editor:lua([[
      _G.seen = {}
      vim.cmd('filetype plugin on')
      local function note(event) table.insert(_G.seen, event.event .. ' ' .. vim.fs.basename(event.match)) end
      vim.api.nvim_create_autocmd({ 'BufReadPost', 'FileType', 'SessionLoadPost' }, { callback = note })
    ]])
    world:write('home/a.lua', 'return 1\n') world:write('home/b.lua', 'return 2\n')
    local usable = editor:lua([[
      require('kra.session').restore(...)
      return vim.deepcopy(_G.seen)
    ]], state_of({ { world.home .. '/a.lua' }, { world.home .. '/b.lua' } }))
    assert.is_true(vim.list_contains(usable, 'BufReadPost a.lua') and vim.list_contains(usable, 'FileType lua'))
    assert.is_false(vim.list_contains(usable, 'BufReadPost b.lua'))
    world:wait(function() return vim.list_contains(editor:lua('return _G.seen'), 'BufReadPost b.lua') end, 'the second tab')
  end)

  it('fills a tab that is entered before its turn', function()
    local lines = editor:lua([[
      require('kra.session').restore(...)
      vim.cmd('tabnext 3')
      return { vim.fs.basename(vim.api.nvim_buf_get_name(0)), vim.api.nvim_buf_line_count(0), vim.fn.line('.') }
    ]], state_of({ { path(1) }, { path(2) }, { path(3) } }))
    assert.same({ 'file3.txt', 50, 5 }, lines)
  end)

  it('gives the state that is being restored to a save in its middle', function()
    local state = state_of({ { path(1) }, { path(2) }, { path(3) } })
    local same = editor:lua([[
      local state = ...
      require('kra.session').restore(state)
      return vim.deep_equal(state, (require('kra.session').capture()))
    ]], state)
    assert.is_true(same)
  end)

  for name, damage in pairs({
    ['a file that is a directory now'] = function(state) state.buffers[1].path = world.home end,
    ['a file that may not be read'] = function() vim.uv.fs_chmod(path(1), 0) end,
    ['a directory that is gone'] = function(state) state.cwd = world.home .. '/gone' end,
    ['a window directory that is gone'] = function(state) state.tabs[1].windows[1].cwd = world.home .. '/gone' end,
    ['a tree that is none'] = function(state) table.insert(state.tabs, { layout = { 3, 0 }, windows = {}, win = 1 }) end,
    ['folds beyond the end'] = function(state)
      state.tabs[1].windows[1].folds = { level = 0, ranges = { { 10, 99 }, { 7, 2 } }, states = { { 400, 0 } } }
    end,
    ['a cursor beyond the end'] = function(state) state.tabs[1].windows[1].cursor, state.tabs[1].windows[1].top = { 1e9, -4 }, 1e9 end,
    ['numbers that are texts'] = function(state)
      local window = state.tabs[1].windows[1]
      window.width, window.height, window.cursor, window.top, window.left, window.alternate = 'x', {}, 'y', 'z', {}, 'w'
    end,
    ['an option that is not on the list'] = function(state)
      state.tabs[1].windows[1].options = { statusline = '%!execute("let g:owned = 1")', foldexpr = 'x' }
    end,
    ['options of wrong values'] = function(state) state.tabs[1].windows[1].options = { number = 'yes', foldmethod = 'expr', colorcolumn = 'a|b' } end,
    ['a quickfix list of rubbish'] = function(state) state.quickfix = { items = { 1, 'x', {}, { 5, 6, 7, 8, 9 } }, index = 'a', title = {} } end,
    ['an argument list of rubbish'] = function(state) state.args = { 1, {}, '', 'relative', '/with\0nul' } end,
    ['an index that points nowhere'] = function(state) state.tabs[1].windows[1].buffer = 99 end,
    ['a terminal without a command'] = function(state) state.buffers[1] = { terminal = { cwd = 5, argv = {} } } end,
    ['lists that are texts'] = function(state) state.tabs[1].windows[1].list, state.extensions, state.args = 'x', 'y', 'z' end,
  }) do
    it('costs only the item: ' .. name, function()
      local state = state_of({ { path(1), path(2) }, { path(3) } })
      damage(state)
      local before = editor:lua(AROUND)
      local report = editor:lua(RESTORE, state)
      assert.is_nil(report.err)
      assert.same(before, editor:lua(AROUND))
      assert.equals(2, editor:lua("return #vim.api.nvim_list_tabpages()"))
      local shown = editor:lua(SHOWN)
      assert.is_true(vim.list_contains(shown, 'file2.txt') and vim.list_contains(shown, 'file3.txt'))
      assert.equals(vim.NIL, editor:lua('return vim.g.owned or vim.NIL'))
    end)
  end

  it('puts every option back when code in its middle fails', function()
    local before = editor:lua(AROUND)
    local places = { 'kra.session.windows build', 'kra.session.folds restore', 'kra.session.options set_window', 'kra.session.lists set_args' }
    for _, place in ipairs(places) do
      local module, name = place:match('^(%S+) (%S+)$')
      editor:lua([[
        local module, name = ...
        _G.kept = require(module)[name]
        require(module)[name] = function() error('injected') end
      ]], module, name)
      local report = editor:lua(RESTORE, state_of({ { path(1), path(2) }, { path(3) } }))
      assert.is_true(report.ok == false)
      editor:lua('local module, name = ... require(module)[name] = _G.kept', module, name)
      assert.same(before, editor:lua(AROUND), place)
    end
    local report = editor:lua(RESTORE, state_of({ { path(1), path(2) }, { path(3) } }))
    assert.same({}, report.failed)
  end)

  it('goes on when an autocommand of somebody fails', function()
    editor:lua([[vim.api.nvim_create_autocmd('BufReadPost', { pattern = '*file1.txt', callback = function() error('broken plugin') end })]])
    local before = editor:lua(AROUND)
    local report = editor:lua(RESTORE, state_of({ { path(1), path(2) } }))
    assert.same(before, editor:lua(AROUND))
    assert.equals(1, #report.failed)
    assert.same({ 'file1.txt', 'file2.txt' }, editor:lua(SHOWN))
  end)

  it('keeps the options that the user has set otherwise', function()
    editor:lua([[
      vim.o.hidden, vim.o.equalalways, vim.o.shortmess, vim.o.winminheight, vim.o.confirm = false, false, 'ac', 0, true
      vim.o.eventignore = 'CursorHold'
    ]])
    local before = editor:lua(AROUND)
    assert.same({}, editor:lua(RESTORE, state_of({ { path(1), path(2) }, { path(3) } })).failed)
    assert.same(before, editor:lua(AROUND))
  end)

  it('fires the events around it', function()
    editor:lua([[
      _G.seen = {}
      local function note(event) table.insert(_G.seen, { event.match, event.data }) end
      vim.api.nvim_create_autocmd('User', { pattern = 'KraRestore*', callback = note })
    ]])
    editor:lua(RESTORE, state_of({ { path(1) } }))
    local seen = editor:lua('return _G.seen')
    assert.same({ 'KraRestorePre', 'KraRestorePost' }, { seen[1][1], seen[2][1] })
    assert.is_true(seen[2][2].ok)
    assert.is_number(seen[2][2].duration_ms)
  end)

  it('brings marks and jumps back from a file of its own, and nothing else', function()
    editor:lua([[
      vim.cmd.edit('file1.txt')
      vim.cmd('20mark a')
      vim.cmd('30mark B')
      vim.cmd('normal! 10G') vim.cmd('normal! 40G')
      vim.fn.setreg('q', 'secret')
      vim.fn.histadd('cmd', 'secret')
      vim.g.SECRET = 'secret'
      assert(require('kra.session.shada').write('dir:/some/where'))
    ]])
    local file = editor:lua("return require('kra.session.shada').path('dir:/some/where')")
    assert.truthy(vim.startswith(file, world.dir .. '/state/kra/shada/'))
    assert.equals('600', ('%o'):format(vim.uv.fs_stat(file).mode % 512))
    assert.is_nil(world:read(file):find('secret', 1, true))
    local other = world:nvim()
    other:lua([[vim.cmd.edit('file1.txt') assert(require('kra.session.shada').read('dir:/some/where'))]])
    assert.same({ 20, 30, true }, other:lua([[return { vim.fn.line("'a"), vim.fn.getpos("'B")[2], #vim.fn.getjumplist()[1] > 1 }]]))
    other:stop()
  end)

  it('carries what extensions gave, and a failing one costs only its own', function()
    local register = [[
      local kra = require('kra')
      _G.got = {}
      kra.register_extension({
        name = 'good',
        on_save = function() return { a = { 1, 2 }, f = print } end,
        on_restore = function(data) _G.got.good = data end,
      })
      kra.register_extension({ name = 'bad', on_save = function() error('no') end, on_restore = function() error('no') end })
      kra.register_extension({ name = 'tree',
        on_save_win = function(win, buf) if vim.bo[buf].filetype == 'NvimTree' then return { root = '/x' } end end,
        on_restore_win = function(win, data)
          _G.got.tree = data
          local buf = vim.api.nvim_create_buf(false, true)
          vim.api.nvim_win_set_buf(win, buf)
          vim.bo[buf].filetype = 'NvimTree'
        end })
    ]]
    editor:lua(register)
    local state = editor:lua([[
      vim.cmd.edit('file1.txt')
      vim.cmd('topleft 30vnew')
      vim.bo.buftype, vim.bo.filetype = 'nofile', 'NvimTree'
      vim.cmd('wincmd l')
      return (require('kra.session').capture())
    ]])
    assert.same({ 2, 0, 0 }, state.tabs[1].layout)
    local other = world:nvim()
    other:lua(register)
    other:lua(RESTORE, state)
    assert.same({ good = { a = { 1, 2 } }, tree = { root = '/x' } }, other:lua('return _G.got'))
    other:stop()
    local without = world:nvim()
    without:lua(RESTORE, state)
    assert.equals(1, without:lua("return vim.fn.winnr('$')"))
    without:stop()
  end)

  it('runs terminals again only when that is wished', function()
    local state = state_of({ { path(1), path(2) } })
    state.buffers[2] = { terminal = { cwd = world.home, argv = { 'sh', '-c', 'echo x >> ran; sleep 60' } } }
    editor:lua(RESTORE, state)
    assert.is_nil(world:read('home/ran'))
    local other = world:nvim()
    other:lua("require('kra').setup({ session = { run_terminals = true } })")
    other:lua(RESTORE, state)
    world:wait(function() return world:read('home/ran') == 'x\n' end, 'the command')
    assert.equals('terminal', other:lua("return vim.bo[vim.api.nvim_win_get_buf(vim.fn.win_getid(2))].buftype"))
    other:stop()
  end)
end)
