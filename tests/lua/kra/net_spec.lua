-- What was typed comes back when Neovim dies without any event, before anything was flushed and between two flushes.
local worlds = require('tests.helpers.world')
local random_numbers = require('tests.helpers.random')

local KEYS = { 'ohello<Esc>', 'ggdd', 'x', 'Gonew line<CR>and one<Esc>', 'u', 'ggVGJu', ':2m0<CR>', '5yyGp', 'i<CR><CR><Esc>', ':%s/e/EE/ge<CR>',
  'gg~~A more<Esc>' }

describe('the net', function()
  local world, editor
  before_each(function()
    world = worlds.new()
    world.env.KRA_BIN = '/nonexistent/kra' -- no daemon; what is left is read by the program
    world:write('home/file.txt', 'one\ntwo\nthree\n')
    world:write('home/large.txt', ('a line of a large file\n'):rep(15000))
    editor = world:nvim()
    editor:lua([[
      vim.g.kra = { drafts = { debounce_ms = 100000, max_wait_ms = 100000 } }
      require('kra.draft').start()
    ]])
  end)
  after_each(function() world:close() end)

  local function keys(text) editor:lua([[pcall(vim.api.nvim_feedkeys, vim.keycode(...), 'xt', false)]], text) end
  local function lines() return editor:lua([[return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')]]) end
  local function nets() return vim.fn.glob(world.dir .. '/*/kra/drafts/*.net', true, true) end
  local function die() editor:stop('sigkill') end
  local function listed() return vim.json.decode(world:kra('drafts', 'list', '--json').stdout) end
  local function taken(row) return vim.json.decode(world:kra('draft-take', row.id).stdout) end
  -- Texts by the name of the file.
  local function texts()
    local out = {}
    for _, row in ipairs(listed().drafts) do out[vim.fs.basename(row.path)] = world:read(taken(row).file) end
    return out
  end

  it('gives back a file that was never flushed, once', function()
    editor:command('edit file.txt')
    keys('ohello<Esc>')
    keys('Gx')
    local text = lines()
    die()
    assert.equals(1, #nets())
    assert.same({ ['file.txt'] = text }, texts())
    assert.same({}, nets())
    assert.same({ ['file.txt'] = text }, texts())
    assert.same({}, listed().damaged)
  end)

  it('is taken in by the daemon as soon as the editor is gone', function()
    editor:stop('sigkill')
    world.env.KRA_BIN = nil
    editor = world:nvim()
    editor:lua([[
      vim.g.kra = { drafts = { debounce_ms = 100000, max_wait_ms = 100000 } }
      require('kra.draft').start()
      require('kra.rpc').connect(function() end, true)
    ]])
    world:wait(function() return editor:lua("return require('kra.rpc').connected()") end, 'a connection')
    editor:command('edit file.txt')
    keys('ohello<Esc>')
    local text = lines()
    die()
    world:wait(function() return #nets() == 0 end, 'a net that was taken in')
    assert.same({ ['file.txt'] = text }, texts())
  end)

  it('gives back the edits of a large file', function()
    editor:command('edit large.txt')
    keys('ggOtop<Esc>')
    keys('G0x')
    die()
    local row = listed().drafts[1]
    assert.is_true(row.base_only)
    local edits = world:read(taken(row).edits)
    assert.truthy(edits:find('top', 1, true))
    assert.truthy(edits:find(' line of a large file', 1, true))
  end)

  it('is the right text at any moment between flushes', function()
    local seed = os.time() % 1000000
    io.write('seed ', seed, ' ')
    local random = random_numbers(seed)
    for _, name in ipairs({ 'file.txt', 'second.txt', 'third.txt' }) do editor:command('edit ' .. name) end
    for _ = 1, 60 do
      local name = ({ 'file.txt', 'second.txt', 'third.txt' })[random(3) + 1]
      editor:command('buffer ' .. name)
      keys(KEYS[random(#KEYS) + 1])
      if random(6) == 0 then editor:lua('require("kra.draft").flush()') end
      if random(20) == 0 then editor:command('silent write') end
    end
    local expected = {}
    for _, name in ipairs({ 'file.txt', 'second.txt', 'third.txt' }) do
      editor:command('buffer ' .. name)
      if editor:lua('return vim.bo.modified') then expected[name] = lines() end
    end
    die()
    assert.same(expected, texts())
    assert.same({}, listed().damaged)
  end)

  it('empties itself into the journal when it is full', function()
    editor:command('edit file.txt')
    editor:lua([[for i = 1, 3000 do vim.api.nvim_buf_set_lines(0, 0, 1, false, { ('%d '):format(i):rep(60) }) end]])
    local text = lines()
    die()
    assert.same({ ['file.txt'] = text }, texts())
  end)

  it('keeps nothing of a text that becomes a secret, or is to be forgotten', function()
    editor:command('edit file.txt')
    keys('ocanary-one<Esc>')
    local path = nets()[1]
    assert.truthy(world:read(path):find('canary-one', 1, true))
    editor:command('file .env')
    keys('ocanary-two<Esc>')
    assert.is_nil(world:read(path):find('canary', 1, true))
    editor:lua("require('kra.draft').emergency()")
    for _, journal in ipairs(vim.fn.glob(world.dir .. '/*/kra/drafts/*.journal', true, true)) do
      assert.is_nil(world:read(journal):find('%.env'))
    end
    editor:command('edit second.txt')
    keys('ocanary-three<Esc>')
    editor:lua([[require('kra.draft').forget(vim.api.nvim_buf_get_name(0))]])
    assert.is_nil(world:read(path):find('canary', 1, true))
  end)

  it('of a dead editor is forgotten too', function()
    editor:command('edit file.txt')
    keys('ocanary<Esc>')
    die()
    assert.equals(0, world:kra('forget', world.home .. '/file.txt').code)
    assert.not_equals(0, world:run({ 'grep', '-rq', 'canary', world.dir .. '/state', world.dir .. '/run' }).code)
  end)

  it('leaves no file behind when the editor ends', function()
    editor:command('edit file.txt')
    keys('ohello<Esc>')
    assert.equals(1, #nets())
    assert.equals(tonumber('600', 8), vim.uv.fs_stat(nets()[1]).mode % 512)
    pcall(editor.command, editor, 'qall!')
    world:wait(function() return #nets() == 0 end, 'the end of the net')
  end)
end)
