local worlds = require('tests.helpers.world')

local CAPTURE = "return require('kra.session').capture()"
local RESTORE = [[
  local state = ...
  _G.report = nil
  local ok, err = require('kra.session').restore(state, { done = function(report) _G.report = report end })
  if not ok then error(err) end
  vim.wait(5000, function() return _G.report end, 1)
  return _G.report
]]

-- Where two values differ, one line each: a failure says what, not two trees.
local function differences(a, b, where, out)
  where, out = where or 'state', out or {}
  if type(a) == 'table' and type(b) == 'table' then
    local keys = vim.tbl_extend('force', vim.tbl_map(function() return true end, a), vim.tbl_map(function() return true end, b))
    for key in pairs(keys) do differences(a[key], b[key], where .. '.' .. tostring(key), out) end
  elseif a ~= b then
    table.insert(out, ('%s: %s -> %s'):format(where, vim.inspect(a), vim.inspect(b)))
  end
  return out
end

describe('a session that is saved, restored and saved again', function()
  local world
  setup(function() world = worlds.new() end)
  teardown(function() world:close() end)

  local function path(name) return world.home .. '/' .. name end

  local function lines(count, prefix)
    local out = {}
    for i = 1, count do out[i] = (prefix or 'line ') .. i end
    return table.concat(out, '\n') .. '\n'
  end

  local function child(options)
    local editor = world:nvim(options)
    editor:lua("vim.o.columns = 160 vim.o.lines = 50")
    return editor
  end

  -- Restores what `make` set up into a fresh editor: both editors must look the same as data.
  local function round_trip(make, look)
    local first = child()
    first:lua(make, world.home)
    local before = first:lua(CAPTURE)
    first:stop()
    local second = child()
    local report = second:lua(RESTORE, before)
    assert.same({}, report.failed)
    assert.same({}, differences(before, second:lua(CAPTURE)))
    if look then look(second, before) end
    second:stop()
    return before
  end

  setup(function()
    for i = 1, 12 do world:write(path(('file%d.txt'):format(i)), lines(100)) end
  end)

  it('one file', function()
    round_trip([[vim.cmd.edit(... .. '/file1.txt') vim.api.nvim_win_set_cursor(0, { 42, 3 }) vim.cmd('normal! zt')]], function(editor)
      assert.same({ 42, 3 }, editor:lua('return vim.api.nvim_win_get_cursor(0)'))
      assert.equals(42, editor:lua("return vim.fn.line('w0')"))
      assert.equals(1, editor:lua('return #vim.api.nvim_list_bufs()'))
    end)
  end)

  it('windows side by side, one above the other, and both', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd.vsplit(home .. '/file2.txt')
      vim.cmd.split(home .. '/file3.txt')
      vim.cmd('wincmd l')
      vim.cmd.split(home .. '/file4.txt')
      vim.cmd('vertical resize 31 | resize 9')
      vim.cmd('wincmd t')
    ]], function(editor) assert.equals(4, editor:lua('return #vim.api.nvim_list_wins()')) end)
  end)

  it('a deep window tree', function()
    round_trip([[
      local home = ...
      for i = 1, 8 do vim.cmd[i % 2 == 0 and 'split' or 'vsplit'](home .. '/file' .. i .. '.txt') end
      vim.cmd('3wincmd w')
    ]])
  end)

  it('many windows in a column', function()
    round_trip([[
      local home = ...
      for i = 1, 12 do vim.cmd.split(home .. '/file' .. i .. '.txt') vim.cmd('wincmd =') end
      vim.cmd('5wincmd w')
    ]])
  end)

  it('several tabs, each with its own active window', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      for i = 2, 5 do
        vim.cmd.tabedit(home .. '/file' .. i .. '.txt')
        vim.cmd.vsplit(home .. '/file' .. (i + 1) .. '.txt')
        if i % 2 == 0 then vim.cmd('wincmd l') end
        vim.api.nvim_win_set_cursor(0, { 10 * i, 2 })
      end
      vim.cmd('tabnext 3')
    ]], function(editor)
      assert.equals(3, editor:lua('return vim.fn.tabpagenr()'))
      assert.same({ 1, 2, 1, 2, 1 }, editor:lua('return vim.tbl_map(function(n) return vim.fn.tabpagewinnr(n) end, { 1, 2, 3, 4, 5 })'))
    end)
  end)

  it('hidden and unlisted buffers, in their order', function()
    round_trip([[
      local home = ...
      for i = 12, 1, -1 do vim.fn.bufadd(home .. '/file' .. i .. '.txt') vim.bo[vim.fn.bufnr(home .. '/file' .. i .. '.txt')].buflisted = true end
      vim.cmd.edit(home .. '/file3.txt')
      vim.cmd.split(home .. '/file9.txt')
      vim.bo.buflisted = false
    ]])
  end)

  it('more hidden buffers than are made at once', function()
    round_trip([[
      local home = ...
      for i = 1, 130 do vim.fn.bufadd(home .. '/many' .. i) vim.bo[vim.fn.bufnr(home .. '/many' .. i)].buflisted = true end
      vim.cmd.edit(home .. '/many77')
    ]], function(editor) assert.equals(130, editor:lua('return #vim.fn.getbufinfo({ buflisted = 1 })')) end)
  end)

  it('the line of a hidden buffer', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd('33')
      vim.cmd.edit(home .. '/file2.txt')
    ]], function(editor)
      editor:command('buffer file1.txt')
      world:wait(function() return editor:lua("return vim.fn.line('.')") == 33 end, 'line 33')
    end)
  end)

  it('the alternate file of each window', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd.edit(home .. '/file2.txt')
      vim.cmd.split()
      vim.cmd.edit(home .. '/file3.txt')
      vim.cmd.tabedit(home .. '/file4.txt')
      vim.cmd.edit(home .. '/file5.txt')
    ]], function(editor) assert.truthy(editor:lua("return vim.fn.bufname('#')"):find('file4.txt', 1, true)) end)
  end)

  it('manual folds, nested, open and closed', function()
    round_trip([[
      vim.cmd.edit(... .. '/file1.txt')
      vim.cmd('2,30fold') vim.cmd('normal! zR') vim.cmd('5,9fold') vim.cmd('5foldopen') vim.cmd('10,12fold') vim.cmd('35,38fold')
      vim.cmd('40')
    ]], function(editor)
      assert.same({ -1, 10, 35 }, editor:lua("return { vim.fn.foldclosed(5), vim.fn.foldclosed(10), vim.fn.foldclosed(36) }"))
    end)
  end)

  it('manual folds in a tab that is not the current one', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd('4,8fold')
      vim.cmd.tabedit(home .. '/file2.txt')
    ]])
  end)

  it('the global argument list and its index', function()
    round_trip([[
      local home = ...
      vim.cmd.args({ args = { home .. '/file1.txt', home .. '/file2.txt', home .. '/file3.txt' } })
      vim.cmd('argument 2')
    ]], function(editor) assert.equals(1, editor:lua('return vim.fn.argidx()')) end)
  end)

  it('an argument list of one window', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd.split(home .. '/file2.txt')
      vim.cmd.arglocal({ args = { home .. '/file5.txt', home .. '/file6.txt' }, bang = true })
    ]])
  end)

  it('the quickfix list with its place and context', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.fn.setqflist({}, ' ', { title = 'made; by |hand', context = { a = 'b', n = 3 }, items = {
        { filename = home .. '/file1.txt', lnum = 3, col = 2, text = 'first', type = 'E' },
        { filename = home .. '/file7.txt', lnum = 9, end_lnum = 10, text = 'second `x` %', type = 'W' },
        { text = 'no place' },
      } })
      vim.fn.setqflist({}, 'a', { idx = 2 })
    ]], function(editor) assert.equals(2, editor:lua('return vim.fn.getqflist({ idx = 0 }).idx')) end)
  end)

  it('location lists of windows', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.fn.setloclist(0, {}, ' ', { title = 'one', items = { { filename = home .. '/file2.txt', lnum = 4, text = 'x' } } })
      vim.cmd.tabedit(home .. '/file3.txt')
      vim.fn.setloclist(0, {}, ' ', { title = 'two', items = { { filename = home .. '/file3.txt', lnum = 5, text = 'y' } } })
    ]])
  end)

  it('directories of the editor, of tabs and of windows', function()
    world:write('home/a b/x', '') world:write("home/it's/x", '') world:write('home/c/x', '')
    round_trip([[
      local home = ...
      vim.fn.chdir(home .. '/a b')
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd.split(home .. '/file2.txt')
      vim.cmd.lcd({ args = { vim.fn.fnameescape(home .. "/it's") } })
      vim.cmd.tabedit(home .. '/file3.txt')
      vim.cmd.tcd(home .. '/c')
    ]])
  end)

  it('options that the user set for a window or a buffer', function()
    round_trip([[
      local home = ...
      require('kra.session.options').watch()
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd('setlocal number spell nowrap colorcolumn=80 shiftwidth=3 filetype=lua')
      vim.cmd.split(home .. '/file2.txt')
      vim.cmd('setlocal winfixheight nonumber nospell')
    ]], function(editor)
      assert.same({ false, true, 3, 'lua' }, editor:lua([[
        vim.cmd('wincmd j')
        return { vim.wo.wrap, vim.wo.spell, vim.bo.shiftwidth, vim.bo.filetype }
      ]]))
    end)
  end)

  it('windows that are compared', function()
    round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd('diffthis')
      vim.cmd.vsplit(home .. '/file2.txt')
      vim.cmd('diffthis')
    ]], function(editor) assert.equals('diff', editor:lua('return vim.wo.foldmethod')) end)
  end)

  it('a file that is not there yet', function()
    round_trip([[vim.cmd.edit(... .. '/new.txt')]])
  end)

  it('one file in two windows with two cursors', function()
    round_trip([[
      vim.cmd.edit(... .. '/file1.txt')
      vim.cmd.vsplit()
      vim.api.nvim_win_set_cursor(0, { 90, 0 })
      vim.cmd('wincmd l')
      vim.api.nvim_win_set_cursor(0, { 50, 1 })
    ]])
  end)

  it('a window scrolled to the side', function()
    world:write('home/wide.txt', ('abcdefghij'):rep(60) .. '\n')
    round_trip([[
      vim.wo.wrap = false
      vim.cmd.edit(... .. '/wide.txt')
      vim.cmd('setlocal nowrap')
      vim.cmd('normal! 300|zs')
    ]], function(editor) assert.is_true(editor:lua('return vim.fn.winsaveview().leftcol') > 100) end)
  end)

  it('an empty editor', function()
    local state = round_trip([[]])
    assert.equals(1, #state.tabs)
  end)

  it('a terminal, which is shown and not run', function()
    local state = round_trip([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd('botright new')
      local argv = { 'sh', '-c', 'echo started >> "$0/count"; exec sleep 60', home }
      if vim.fn.has('nvim-0.11') == 1 then vim.fn.jobstart(argv, { term = true, cwd = home })
      else vim.fn.termopen(argv, { cwd = home }) end
      vim.wait(3000, function() return vim.uv.fs_stat(home .. '/count') end, 10)
      vim.cmd('stopinsert | wincmd p')
    ]], function(editor)
      assert.equals('started\n', world:read('home/count'))
      editor:command('wincmd b')
      editor:request('nvim_input', '<CR>')
      local function count() return world:read('home/count') end
      world:wait(function() return count() == 'started\nstarted\n' end, 'the second start', nil, count)
      assert.equals('terminal', editor:lua('return vim.bo.buftype'))
    end)
    assert.equals('sh', vim.fs.basename(state.buffers[2].terminal.argv[1]))
    assert.equals(world.home, state.buffers[2].terminal.cwd)
  end)

  it('windows of plugins and floats are left out, the rest closes up', function()
    local editor = child()
    local state = editor:lua([[
      local home = ...
      vim.cmd.edit(home .. '/file1.txt')
      vim.cmd.vsplit(home .. '/file2.txt')
      vim.cmd('topleft 30vnew')
      vim.bo.filetype = 'NvimTree'
      vim.bo.buftype = 'nofile'
      vim.cmd('wincmd l')
      vim.cmd('botright copen | wincmd p')
      vim.api.nvim_open_win(vim.api.nvim_create_buf(false, true), false, { relative = 'editor', row = 1, col = 1, width = 5, height = 5 })
      vim.cmd('wincmd =')
      return require('kra.session').capture()
    ]], world.home)
    editor:stop()
    assert.same({ 2, 0, 0 }, state.tabs[1].layout)
    assert.same({ world.home .. '/file1.txt', world.home .. '/file2.txt' }, { state.buffers[1].path, state.buffers[2].path })
  end)

  it('window trees made by chance', function()
    local rounds, seed = tonumber(os.getenv('KRA_TEST_ROUNDS')) or 8, tonumber(os.getenv('KRA_TEST_SEED')) or 1
    for round = 1, rounds do
      round_trip(([[
        local home = ...
        math.randomseed(%d)
        vim.cmd.edit(home .. '/file1.txt')
        for _ = 1, 14 do
          local act = math.random(6)
          local file = home .. '/file' .. math.random(12) .. '.txt'
          if act <= 2 then pcall(vim.cmd.split, file)
          elseif act <= 4 then pcall(vim.cmd.vsplit, file)
          elseif act == 5 then vim.cmd.tabedit(file)
          elseif vim.fn.winnr('$') > 1 then -- a lone window would change 'cmdheight'
            pcall(vim.cmd, 'resize ' .. math.random(3, 30))
            pcall(vim.cmd, 'vertical resize ' .. math.random(5, 90))
            vim.o.cmdheight = 1
          end
          local wins = vim.api.nvim_tabpage_list_wins(0)
          vim.api.nvim_set_current_win(wins[math.random(#wins)])
          vim.api.nvim_win_set_cursor(0, { math.random(100), 0 })
        end
        vim.cmd('tabnext ' .. math.random(vim.fn.tabpagenr('$')))
      ]]):format(seed * 1000 + round))
    end
  end)

  it('text of unusual letters in names', function()
    local names = { "it's.txt", 'a b.txt', 'semi;colon', 'bar|bar', '$(touch pwned)', '`touch pwned`', '`=execute("!touch pwned")`', '%', '#',
      '#1', '%:p', '*', '[ab]', '{a,b}',
      'line\nbreak', 'tab\tx', '\27[31m', 'back\\slash', '-c qa', '+cq', '<cword>',
      '<sfile>', '~', '$HOME', '\255\254', 'käse', '"quote"', '!ls', '=1+1', '&', 'a\rb' }
    for _, name in ipairs(names) do world:write(world.home .. '/odd/' .. name, lines(5)) end
    world.odd = names
    round_trip(([[
      local home, names = ..., %s
      vim.fn.chdir(home)
      for i, name in ipairs(names) do
        local path = home .. '/odd/' .. name
        local buf = vim.fn.bufadd(path)
        vim.bo[buf].buflisted = true
        if i %% 3 == 0 then vim.cmd('tabnew') vim.api.nvim_win_set_buf(0, buf) end
      end
      local escaped = function(name) return vim.fn.fnameescape(home .. '/odd/' .. name) end
      vim.cmd.args({ args = vim.tbl_map(escaped, { names[1], names[2], names[3], names[4] }) })
      local item = function(name) return { filename = home .. '/odd/' .. name, lnum = 1, text = name } end
      vim.fn.setqflist({}, ' ', { items = vim.tbl_map(item, names) })
    ]]):format(vim.inspect(names)), function(editor)
      assert.is_nil(world:read('home/pwned'))
      assert.same({}, vim.fn.glob(world.home .. '/**/pwned', true, true))
      assert.is_false(editor:lua('return vim.v.exiting ~= vim.NIL'))
    end)
  end)

  it('arguments of unusual letters', function()
    local names = { "it's", 'a b', 'bar|bar', '`touch pwned`', '`=execute("!touch pwned")`', '%', '#', '*', '[ab]', '{a,b}',
      'back\\slash', '$HOME', '~', '+cq', '-' }
    round_trip(([[
      local home, names = ..., %s
      vim.fn.chdir(home)
      vim.cmd.edit('file1.txt')
      for i, name in ipairs(names) do
        vim.api.nvim_cmd({ cmd = 'argadd', range = { i - 1 }, args = { vim.fn.fnameescape(home .. '/args/' .. name) }, magic = { file = false } }, {})
      end
    ]]):format(vim.inspect(names)), function(editor, before)
      local want = vim.tbl_map(function(name) return world.home .. '/args/' .. name end, names)
      assert.same(want, before.args)
      assert.same(want, editor:lua('return vim.fn.argv()'))
      assert.same({}, vim.fn.glob(world.home .. '/**/pwned', true, true))
    end)
  end)

  it('directories of unusual letters', function()
    for i, name in ipairs({ 'a b', "it's", '`touch pwned`', '%', '#', '$HOME', '|quit', 'back\\slash', '~', '*' }) do
      world:write(world.home .. '/dirs/' .. name .. '/x', '')
      round_trip(([[
        vim.uv.chdir(... .. '/dirs/' .. %s)
        vim.api.nvim_cmd({ cmd = 'cd', args = { '.' } }, {})
        vim.cmd.edit('x')
      ]]):format(vim.inspect(name)), function(editor)
        assert.equals(world.home .. '/dirs/' .. name, editor:lua('return vim.fn.getcwd()'), 'directory ' .. i)
      end)
    end
    assert.same({}, vim.fn.glob(world.home .. '/**/pwned', true, true))
  end)
end)
