local worlds = require('tests.helpers.world')
local screens = require('tests.lua.helpers.screen')

describe('the plugin file', function()
  local world
  setup(function() world = worlds.new() end)
  teardown(function() world:close() end)

  it('declares everything and loads nothing', function()
    local editor = world:nvim({ args = { '-i', 'NONE', '-n', '-u', 'NORC' } })
    local seen = editor:lua([[
      local loaded = vim.tbl_filter(function(name) return name:find('^kra') end, vim.tbl_keys(package.loaded))
      local commands = vim.api.nvim_get_commands({})
      local autocmds = vim.api.nvim_get_autocmds({ group = 'kra' })
      return {
        loaded = loaded, commands = { commands.Kra.definition, commands.KraSave.definition },
        map = vim.fn.maparg('<Plug>(kra-save)', 'n', false, true).desc,
        undescribed = #vim.tbl_filter(function(entry) return not (entry.desc or ''):find('^kra: ') end, autocmds), autocmds = #autocmds,
      }
    ]])
    editor:stop()
    assert.same({}, seen.loaded)
    assert.same({ 'kra: run a subcommand', 'kra: save everything now (!: write modified files too)' }, seen.commands)
    assert.equals('kra: save everything now', seen.map)
    assert.equals(0, seen.undescribed)
    assert.is_true(seen.autocmds > 1)
  end)

  it('is read once', function()
    local editor = world:nvim({ args = { '-i', 'NONE', '-n', '-u', 'NORC' } })
    editor:command('runtime plugin/kra.lua')
    assert.equals(1, editor:lua("return #vim.api.nvim_get_autocmds({ group = 'kra', event = 'UIEnter' })"))
    editor:stop()
  end)

  it('works without setup() and starts no daemon for an empty editor', function()
    local screen = screens.new(world)
    screen:wait("return package.loaded['kra.events'] ~= nil", 'the events')
    assert.is_false(screen:lua("return require('kra.rpc').connected()"))
    assert.equals('', screen:lua("return require('kra').statusline()"))
    assert.is_nil(world:read('run/kra/kra.sock'))
    screen:quit()
  end)

  for name, options in pairs({
    ['a git message'] = { args = { '.git/COMMIT_EDITMSG' } },
    ['a pager'] = { args = { '-R' } },
    ['a comparison'] = { args = { '-d', 'a', 'b' } },
    ['a session file'] = { args = { '-S', '/dev/null' } },
    ['a crontab'] = { args = { '/tmp/crontab.XyZ12a/crontab' } },
    ['a Neovim inside a Neovim'] = { env = { NVIM = '/tmp/other' }, nested = true },
    ['KRA_DISABLE'] = { env = { KRA_DISABLE = '1' } },
  }) do
    it('leaves alone ' .. name, function()
      local vimrc = options.nested and "vim.env.NVIM = '/tmp/other'" or nil
      local screen = screens.new(world, { args = options.args, env = options.nested and {} or options.env, vimrc = vimrc })
      screen:wait("return package.loaded['kra.start'] ~= nil", 'the start')
      assert.is_string(screen:lua("return require('kra').status().blocked"))
      assert.is_false(screen:lua("return (pcall(vim.api.nvim_get_autocmds, { group = 'kra_events' }))"))
      screen:quit()
    end)
  end
end)
