-- libkra.so that is missing, of another age, or replaced under a running editor: text is kept all the same.
local worlds = require('tests.helpers.world')
local journal = require('tests.lua.helpers.journal')

describe('libkra.so', function()
  local world, root
  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } })
    -- A tree of the plugin that was not built.
    root = world.dir .. '/plugin'
    vim.fn.mkdir(root)
    assert(vim.uv.fs_symlink(world.repo .. '/lua', root .. '/lua'))
  end)
  after_each(function() world:close() end)

  local function library(code)
    local source = world:write('library.c', code)
    world:check({ 'cc', '-shared', '-fPIC', '-o', world.dir .. '/libfake.so', source })
    return world.dir .. '/libfake.so'
  end
  local function start(path)
    local editor = world:nvim({ args = { '-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set rtp-=' .. world.repo .. ' rtp^=' .. root },
      env = { KRA_LIB = path } })
    editor:lua([[
      _G.said = {}
      vim.notify = function(text) table.insert(_G.said, text) end
      vim.g.kra = { drafts = { debounce_ms = 10, max_wait_ms = 30 } }
      require('kra.draft').start()
    ]])
    return editor
  end
  local function keeps(editor, text)
    editor:request('nvim_buf_set_lines', 0, 0, -1, false, { text })
    world:wait(function()
      local draft = journal.only(world)
      return draft and draft.text == text
    end, 'the text in the journal', nil, function() return vim.inspect(editor:lua('return _G.said')) end)
  end
  local function says_once(editor, wanted)
    for i = 1, 3 do keeps(editor, 'more ' .. i) end
    local said = vim.tbl_filter(function(text) return text:find('without libkra.so', 1, true) ~= nil end, editor:lua('return _G.said'))
    assert.equals(1, #said)
    local problems = editor:lua("return require('kra').status().problems")
    assert.truthy(problems[1].text:find(wanted, 1, true), problems[1].text)
  end

  it('that is missing is told once', function()
    local editor = start('/nonexistent/libkra.so')
    keeps(editor, 'text')
    says_once(editor, 'not found')
  end)

  it('that is none, or has another ABI, is not used and told once', function()
    for wanted, code in pairs({
      ['is no kra library'] = 'int something_else(void) { return 1; }',
      ['has ABI 0, this plugin wants 1'] = 'int kra_abi(void) { return 0; }',
      ['has ABI 7, this plugin wants 1'] = 'int kra_abi(void) { return 7; }',
    }) do
      local editor = start(library(code))
      keeps(editor, 'text')
      says_once(editor, wanted)
      editor:stop()
      vim.fn.delete(world.dir .. '/state/kra', 'rf')
    end
  end)

  it('of an older release without a journal is used for what it has', function()
    local editor = start(library([[
      int kra_abi(void) { return 1; }
      const char *kra_version(void) { return "0.0.1"; }
    ]]))
    keeps(editor, 'text')
    says_once(editor, 'of another release')
    assert.equals('0.0.1', editor:lua("return require('kra.native').get().version"))
  end)

  it('writes the same records as Lua alone', function()
    local path = world.repo .. '/build/libkra.so'
    if not vim.uv.fs_stat(path) then return pending('there is no build') end
    local editor = start(path)
    keeps(editor, 'text')
    local same = editor:lua([[
      local native, pack = require('kra.native'), require('kra.draft.pack')
      local text = vim.uv.random(5000)
      return { native.crc32c ~= nil and native.crc32c(text) == pack.crc32c(text), pack.head(2, text) == pack.head(2, text, native.crc32c),
        native.journal ~= nil }
    ]])
    assert.same({ true, true, true }, same)
    assert.same({}, editor:lua('return _G.said'))
  end)

  it('that is replaced or removed while it is loaded goes on working', function()
    local built = world.repo .. '/build/libkra.so'
    if not vim.uv.fs_stat(built) then return pending('there is no build') end
    assert(vim.uv.fs_copyfile(built, world.dir .. '/lib.so'))
    local editor = start(world.dir .. '/lib.so')
    keeps(editor, 'before')
    world:write('other.so', 'not a library')
    assert(vim.uv.fs_rename(world.dir .. '/other.so', world.dir .. '/lib.so'))
    keeps(editor, 'replaced')
    vim.uv.fs_unlink(world.dir .. '/lib.so')
    keeps(editor, 'removed')
    assert.same({}, editor:lua('return _G.said'))
  end)
end)
