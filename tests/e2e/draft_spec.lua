-- Unsaved text over the death of editors, daemon and server, with the real parts: what comes back is what was typed, byte for byte.
local worlds = require('tests.helpers.world')
local screens = require('tests.lua.helpers.screen')

local settings = [[vim.g.kra = { autosave = { editor_debounce_ms = 20 }, session = { suppress = {} }, retry = { first_ms = 20 } }]]

describe('unsaved text', function()
  local world
  before_each(function()
    world = worlds.new()
    world.env.KRA_BIN = world.repo .. '/build/kra'
    world:write('home/project/file.txt', 'one\ntwo\nthree\n')
  end)
  after_each(function() world:close() end)

  local function start(options)
    local screen = screens.new(world, vim.tbl_extend('force', { cwd = world.home .. '/project', vimrc = settings }, options or {}))
    return screen
  end
  local function kept(screen)
    screen:wait("return require('kra.draft').active()", 'an editor that keeps text')
    world:wait(function()
      local status = screen:lua("return require('kra.draft').status()")
      return not status.waiting and status.held == 0
    end, 'text in the journal', 60000, function() return vim.inspect(screen:lua("return require('kra').status()")) end)
  end
  -- Chooses `recover` for the first row that matches.
  local function recover(screen, pattern)
    screen:lua([[
      local pattern = ...
      vim.ui.select = function(items, opts, done)
        for i, item in ipairs(items) do
          local text = (opts.format_item or tostring)(item)
          if text:find(pattern) or text == 'recover' then return done(item, i) end
        end
        _G.offered = vim.tbl_map(opts.format_item or tostring, items)
        done(nil)
      end
      vim.api.nvim_create_autocmd('User', { pattern = 'KraDraftRecovered', callback = function(event) _G.recovered = event.data.buf end })
    ]], pattern)
    screen:command('Kra drafts')
    world:wait(function() return screen:lua('return _G.recovered ~= nil') end, 'the recovered text', 60000,
      function() return vim.inspect(screen:lua("return { _G.offered or 0, vim.api.nvim_exec2('messages', { output = true }).output }")) end)
  end
  local function open_drafts()
    return vim.tbl_filter(function(row) return row.state == 'left' or row.state == 'abandoned' end,
      vim.json.decode(world:check({ world.repo .. '/build/kra', 'drafts', 'list', '--json' })).drafts)
  end

  -- What makes each kind; its text, and the bytes that a write of it makes.
  local kinds = {
    ['without a name'] = { code = "vim.fn.setline(1, { 'typed', '', 'without a name' })" },
    latin1 = { file = 'gr\252n\nrot\n', code = "vim.cmd('edit ++enc=latin1 kind') vim.fn.setline(2, 'wei\195\159')" },
    CRLF = { file = 'a\r\nb\r\n', code = "vim.cmd('edit kind') vim.fn.append('$', 'c')" },
    ['a byte order mark'] = { file = '\239\187\191a\n', code = "vim.cmd('edit kind') vim.fn.append('$', 'b')" },
    ['no end of line'] = { file = 'a\nb', code = "vim.cmd('edit kind') vim.fn.setline(1, 'A')" },
    ['NUL bytes and broken UTF-8'] = { file = 'a\0b\n\255\254\n', code = "vim.cmd('edit kind') vim.fn.append('$', { 'n\\n\\n', '\\192\\n' })" },
    ['a new file'] = { code = "vim.cmd('edit kind') vim.fn.setline(1, { 'new', 'file' })" },
    ['one line of 10 MB'] = { file = ('x'):rep(10 * 1024 * 1024) .. '\n',
      code = "vim.cmd('edit kind') vim.api.nvim_buf_set_text(0, 0, 5, 0, 6, { 'Y' })" },
  }
  if os.getenv('KRA_TEST_LONG') then
    kinds['100 MB'] = { file = ('a line of a large file, which is not very long but there are many\n'):rep(1550000),
      code = "vim.cmd('edit kind') vim.fn.append(700000, 'in the middle')" }
  end
  for name, kind in pairs(kinds) do
    it('comes back byte for byte: ' .. name, function()
      if kind.file then world:write('home/project/kind', kind.file) end
      local first = start({ vimrc = settings .. "\nvim.o.fixendofline = false vim.o.fileencodings = 'ucs-bom,utf-8,latin1'" })
      first:lua(kind.code)
      kept(first)
      local options = 'return { vim.bo.fileencoding, vim.bo.fileformat, vim.bo.bomb, vim.bo.endofline }'
      local expected = first:lua(options)
      first:lua("vim.cmd('noautocmd write! ' .. ...)", world.dir .. '/expected')
      first:kill()
      local second = start({ vimrc = settings .. "\nvim.o.fixendofline = false vim.o.fileencodings = 'ucs-bom,utf-8,latin1'" })
      recover(second, kind.file and 'kind' or 'left')
      assert.is_true(second:lua('return vim.bo.modified'))
      assert.same(expected, second:lua(options))
      second:lua("vim.cmd('noautocmd write! ' .. ...)", world.dir .. '/actual')
      assert.equals(0, world:run({ 'cmp', world.dir .. '/expected', world.dir .. '/actual' }).code)
      if kind.file then assert.equals(0, world:run({ 'cmp', world.home .. '/project/kind', '-' }, { stdin = kind.file }).code) end
      world:wait(function() return #open_drafts() == 0 end, 'the end of what was stored', 60000, function() return vim.inspect(open_drafts()) end)
      second:kill()
      if not kind.file then return end -- `:write` gave it a name
      if #kind.file > 1e6 then return end
      -- What was recovered is kept again, under the new editor.
      local third = start()
      recover(third, 'kind')
      assert.is_true(third:lua('return vim.bo.modified'))
    end)
  end

  it('of a long text comes back as its screen left it, and once', function()
    local first = start()
    first:lua("vim.fn.setline(1, 'typed')")
    kept(first)
    first:lua([[
      require('kra').configure({ drafts = { debounce_ms = 60000, max_wait_ms = 60000 } })
      require('kra.draft.whole').LEAST = 0
      vim.fn.setline(1, { 'typed', 'a\nb', '\255', '', 'the end', '' })
      require('kra.draft.records').get(1).rescan = true
    ]])
    -- As a terminal does that is closed.
    vim.fn.jobstop(first.job)
    world:wait(function() return vim.uv.kill(first.pid, 0) ~= 0 end, 'the end of the editor')
    assert.equals(1, #vim.fn.glob(world.dir .. '/state/kra/drafts/texts/*', true, true))
    local second = start()
    recover(second, 'left')
    assert.same({ 'typed', 'a\nb', '\255', '', 'the end', '' }, second:lua('return vim.fn.getline(1, "$")'))
    world:wait(function() return #open_drafts() == 0 end, 'the end of what was stored', nil, function() return vim.inspect(open_drafts()) end)
  end)

  it('that lies far from home is told by the doctor, a long text too', function()
    local function home()
      for _, problem in ipairs(vim.json.decode(world:kra('doctor', '--json').stdout).problems) do
        if problem.code == 'drafts-home' then return problem.text end
      end
    end
    assert.is_nil(home())
    world:write('run/kra/drafts/one.journal', '')
    world:write('run/kra/drafts/texts/one.1', 'text')
    world:write('run/kra/drafts/texts/two.1', 'text')
    assert.is_truthy(home():find('unsaved text of 2 editors lies in', 1, true))
  end)

  it('comes back with a restored session: named, unnamed and hidden, with undo, and no question about swap files', function()
    local first = start({ keep_swap = true })
    first:command('edit file.txt')
    first:lua([[vim.api.nvim_feedkeys(vim.keycode('xjx'), 'xt', false) vim.cmd.vnew() vim.api.nvim_feedkeys('ityped without a name', 'xt', false)]])
    first:lua([[
      local buf = vim.fn.bufadd('hidden.txt')
      vim.fn.bufload(buf)
      vim.bo[buf].buflisted = true
      vim.api.nvim_buf_set_lines(buf, 0, -1, false, { 'by a plugin' })
      require('kra.draft').attach(buf)
    ]])
    kept(first)
    first:wait("return require('kra').statusline():find('%d') ~= nil", 'a saved session')
    first:command('KraSave')
    first:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('saved the session') ~= nil", 'the save')
    first:wait("return (require('kra.draft.records').get(vim.fn.bufnr('file.txt')) or {}).undo ~= nil", 'the undo file')
    kept(first)
    local pid = first:lua("return require('kra.rpc').peer().pid")
    vim.uv.kill(pid, 'sigkill')
    first:kill()
    local second = start({ keep_swap = true })
    second:command('Kra restore')
    second:wait('return #vim.fn.getbufinfo({ bufmodified = 1 }) == 3', 'three modified buffers')
    vim.wait(50)
    assert.is_false(second:lua("return vim.bo[vim.fn.bufnr('file.txt')].readonly"))
    local messages = second:lua("return vim.api.nvim_exec2('messages', { output = true }).output")
    for _, question in ipairs({ 'swap file', 'W10' }) do assert.is_nil(messages:find(question, 1, true)) end
    local function text(name) return second:lua("return table.concat(vim.fn.getbufline(vim.fn.bufnr(...), 1, '$'), '\\n')", name) end
    assert.equals('ne\nwo\nthree', text('file.txt'))
    assert.equals('by a plugin', text('hidden.txt'))
    assert.equals('typed without a name', second:lua("return vim.fn.getline(1)"))
    assert.equals('one\ntwo\nthree\n', world:read('home/project/file.txt'))
    second:command('wincmd l | undo | undo')
    assert.equals('one\ntwo\nthree', text('file.txt'))
  end)

  -- The question comes in the middle of the work. Neovim may say more then, and wait for a key; the keys that it gets too early it drops.
  local function edit(key)
    local screen = start({ keep_swap = true, vimrc = settings .. '\nvim.o.more, vim.o.cmdheight = false, 34' })
    local free = world.dir .. '/free'
    local function input(keys) vim.rpcrequest(screen.channel, 'nvim_input', keys) end
    local function mode() return vim.rpcrequest(screen.channel, 'nvim_get_mode').mode end
    input(':edit file.txt<CR>')
    world:wait(function() return mode() == 'r?' end, 'the question about a swap file', nil, mode)
    input(key)
    local sent = vim.uv.now()
    world:wait(function()
      local now = mode()
      if now == 'r?' and vim.uv.now() - sent > 2000 then
        input(key)
        sent = vim.uv.now()
      end
      if now == 'r' then input('<CR>') elseif now == 'n' then input((":call writefile([], '%s')<CR>"):format(free)) end
      return vim.uv.fs_stat(free)
    end, 'an editor that asks nothing', nil, mode)
    return screen
  end

  describe('beside a swap file', function()
    before_each(function()
      local first = start({ keep_swap = true })
      first:command('edit file.txt')
      first:lua("vim.fn.setline(1, 'changed') vim.cmd.preserve()")
      kept(first)
      first:kill()
    end)
    local function comes_back(screen)
      assert.equals(1, #open_drafts())
      recover(screen, 'left.*file.txt')
      assert.equals('changed', screen:lua('return vim.fn.getline(1)'))
      assert.is_true(screen:lua('return vim.bo.modified'))
      world:wait(function() return #open_drafts() == 0 end, 'the end of what was stored', nil, function() return vim.inspect(open_drafts()) end)
      assert.equals('one\ntwo\nthree\n', world:read('home/project/file.txt'))
    end

    for key, choice in pairs({ e = 'edit anyway', o = 'open read-only', d = 'delete it' }) do
      it('comes back whatever is said to the one question: ' .. choice, function()
        local screen = start({ keep_swap = true, args = { 'file.txt' }, answer = key })
        screen:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('unsaved text of file.txt') ~= nil", 'word of the draft')
        assert.equals('one', screen:lua('return vim.fn.getline(1)'))
        comes_back(screen)
        assert.equals(key == 'o', screen:lua('return vim.bo.readonly'))
      end)
    end

    local function texts()
      local rows = vim.json.decode(world:check({ world.repo .. '/build/kra', 'drafts', 'list', '--json' })).drafts
      return vim.tbl_map(function(row) return row.preview end, rows)
    end

    for key, choice in pairs({ q = 'quit', a = 'abort' }) do
      it('waits on when the question is answered by: ' .. choice, function()
        local screen = edit(key)
        assert.equals('', screen:lua('return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1]'))
        comes_back(screen)
        assert.is_false(screen:lua('return vim.bo.readonly'))
        assert.same({}, vim.tbl_filter(function(path) return path:find('%.swp$') ~= nil end, vim.fn.readdir(world.dir .. '/tmp')))
      end)
    end

    it('is the same text that Neovim recovers: one of the two is enough, and nobody is asked', function()
      local screen = edit('r')
      screen:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('unsaved text of file.txt') ~= nil", 'word of the draft')
      comes_back(screen)
      assert.equals(1, screen:lua("return #vim.fn.getbufinfo({ bufmodified = 1 })"))
      kept(screen)
      assert.same({ 'changed\ntwo\nthree' }, texts())
      screen:kill()
      assert.equals(1, #open_drafts())
    end)
  end)

  it('that went on after the swap file is kept beside what Neovim recovers', function()
    local first = start({ keep_swap = true })
    first:command('edit file.txt')
    first:lua("vim.fn.setline(1, 'changed') vim.cmd.preserve() vim.o.updatetime = 100000 vim.o.updatecount = 0 vim.fn.setline(2, 'later')")
    kept(first)
    first:kill()
    local screen = edit('r')
    local function text(buf) return screen:lua([[return table.concat(vim.api.nvim_buf_get_lines(..., 0, -1, false), '\n')]], buf) end
    local recovered = text(0)
    screen:lua([[
      vim.ui.select = function(items, opts, done)
        for i, item in ipairs(items) do
          local shown = (opts.format_item or tostring)(item)
          if shown:find('left.*file.txt') or shown == 'recover' or shown:find('^both') then
            _G.asked = shown
            return done(item, i)
          end
        end
      end
    ]])
    screen:command('Kra drafts')
    screen:wait("return #vim.fn.getbufinfo({ bufmodified = 1 }) == 2", 'both texts')
    assert.is_truthy(screen:lua('return _G.asked'):find('^both'))
    local all = screen:lua([[
      return vim.tbl_map(function(info) return table.concat(vim.fn.getbufline(info.bufnr, 1, '$'), '\n') end, vim.fn.getbufinfo({ bufmodified = 1 }))
    ]])
    table.sort(all)
    assert.same({ 'changed\nlater\nthree', recovered }, all)
    assert.equals('changed\ntwo\nthree', recovered)
    kept(screen)
    world:wait(function() return #open_drafts() == 0 end, 'the end of what was stored')
    screen:kill()
    assert.equals(2, #open_drafts())
    assert.equals('one\ntwo\nthree\n', world:read('home/project/file.txt'))
  end)

  it('that was discarded on purpose stays listed, and does not come back by itself', function()
    local first = start()
    first:command('edit file.txt')
    first:lua("vim.fn.setline(1, 'changed')")
    kept(first)
    first:command('KraSave')
    first:command('edit!')
    kept(first)
    first:kill()
    local second = start()
    second:command('Kra restore')
    second:wait("return vim.fn.bufnr('file.txt') > 0 and not require('kra.session.restore').pending()", 'the session')
    assert.equals('one', second:lua("return vim.fn.getbufline('file.txt', 1)[1]"))
    recover(second, 'discarded.*file.txt')
    assert.equals('changed', second:lua('return vim.fn.getline(1)'))
  end)

  it('is not offered by a living editor, but where it is open is told', function()
    local first = start()
    first:command('edit file.txt')
    first:lua("vim.fn.setline(1, 'changed')")
    kept(first)
    first:wait("return require('kra.rpc').connected()", 'a connection')
    vim.wait(200)
    local second = start()
    second:command('edit file.txt')
    second:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('file.txt is open') ~= nil", 'the notice')
    assert.same({}, open_drafts())
    first:kill()
    second:wait("return vim.api.nvim_exec2('messages', { output = true }).output:find('unsaved text of file.txt') ~= nil", 'word of what it left')
  end)

  it('of an editor that hangs is offered elsewhere, and by the doctor, until it is heard again', function()
    world:check({ world.repo .. '/build/kra', 'config', 'set', 'session.abandoned_after_ms', '400' })
    local beating = { vimrc = (settings:gsub('session = {', 'session = { heartbeat_ms = 50,')) }
    local first, second = start(beating), start(beating)
    first:command('edit file.txt')
    first:lua("vim.fn.setline(1, 'changed')")
    kept(first)
    for _, screen in ipairs({ first, second }) do
      screen:lua("require('kra.rpc').connect(nil, true)")
      screen:wait("return require('kra.rpc').connected()", 'a connection')
    end
    local function problems()
      local found = {}
      for _, problem in ipairs(vim.json.decode(world:kra('doctor', '--json').stdout).problems) do found[problem.code] = problem.text end
      return found
    end
    assert.is_nil(problems()['drafts-abandoned'])
    vim.uv.kill(first.pid, 'sigstop')
    world:wait(function() return #open_drafts() == 1 and open_drafts()[1].state == 'abandoned' end, 'an abandoned draft')
    second:wait("return #require('kra').status().problems == 1", 'word of it')
    assert.truthy(problems()['drafts-abandoned']:find('process ' .. first.pid, 1, true))
    vim.uv.kill(first.pid, 'sigcont')
    world:wait(function() return #open_drafts() == 0 end, 'an editor that is heard again')
    second:wait("return #require('kra').status().problems == 0", 'word of that')
    assert.is_nil(problems()['drafts-abandoned'])
  end)

  it('is counted by `kra status`, and what is left out with the reason', function()
    local screen = start({ vimrc = (settings:gsub('session = {', 'session = { heartbeat_ms = 50,')) })
    screen:command('edit file.txt')
    screen:lua("vim.fn.setline(1, 'changed')")
    screen:command('new .env')
    screen:lua("vim.fn.setline(1, 'TOKEN=1')")
    kept(screen)
    local function drafts() return vim.json.decode(world:kra('status', '--json').stdout).drafts end
    local found = world:wait(function()
      local now = drafts()
      return now.unsaved_buffers == 1 and #now.excluded > 0 and now
    end, 'one that is kept and one that is not', nil, function() return vim.inspect(drafts()) end)
    assert.equals(1, #found.excluded)
    assert.equals(1, found.excluded[1].count)
    assert.truthy(found.excluded[1].reason ~= '')
    assert.equals(0, found.oldest_unacked_ms)
  end)

  it('survives a daemon that is killed and one that comes back, each record once', function()
    local screen = start()
    screen:command('edit file.txt')
    for round = 1, 4 do
      screen:lua('vim.fn.append(0, ...)', 'round ' .. round)
      if round % 2 == 0 then
        screen:wait("return require('kra.rpc').connected()", 'a connection')
        vim.uv.kill(screen:lua("return require('kra.rpc').peer().pid"), 'sigkill')
      end
      kept(screen)
    end
    screen:kill()
    local second = start()
    recover(second, 'file.txt')
    assert.same({ 'round 4', 'round 3', 'round 2', 'round 1', 'one', 'two', 'three' }, second:lua("return vim.fn.getline(1, '$')"))
  end)

  it('reaches editors through config.yaml without a restart', function()
    local screen = start()
    screen:lua("require('kra.rpc').connect(nil, true)")
    screen:wait("return require('kra.rpc').connected()", 'a connection')
    local function config(...) return world:check({ world.repo .. '/build/kra', 'config', ... }) end
    local known = {}
    for _, row in ipairs(screen:lua([[
      return vim.tbl_map(function(row) return { name = row.name, source = row.source } end, require('kra.config').show())
    ]])) do known[row.name] = row.source end
    local told = 0
    for _, row in ipairs(vim.json.decode(config('show', '--json')).settings) do
      local value, text
      if row.kind == 'true or false' then value = row.default ~= 'true'
      elseif row.kind:find('^a number') then value = tonumber(row.default) + 1
      elseif row.kind == 'a list of texts' then value, text = { 'one' }, 'one'
      elseif row.kind:find('^a time') then value = '2h'
      elseif row.kind:find('^one of') then value = row.kind:match('^one of [^,]+, (%w+)')
      else value = 'true' end
      config('set', row.name, text or tostring(value))
      assert.same(value, vim.json.decode(config('get', row.name, '--json')).value, row.name)
      if known[row.name] and known[row.name] ~= 'setup' then
        told = told + 1
        local section, key = row.name:match('^(%w+)%.([%w_]+)$')
        world:wait(function()
          return vim.deep_equal(value, screen:lua("local s, k = ... return require('kra.config').get()[s][k]", section, key))
        end, row.name .. ' in the editor')
      end
      if not text then config('set', row.name, row.default) end
    end
    assert.is_true(told >= 20, told .. ' options were told')
    assert.same({}, vim.json.decode(world:kra('status', '--json').stdout).problems)
  end)
end)
