-- Every option, while the editor runs: by configure(), by :Kra config, and by what the daemon tells.
local worlds = require('tests.helpers.world')

-- Another value than `default`, and how :Kra config has it.
local function another(option)
  if option.type == 'boolean' then return not option.default, tostring(not option.default) end
  if option.type == 'integer' then return option.default + 1, tostring(option.default + 1) end
  if option.type == 'list' then return { 'one', 'two' }, 'one,two' end
  if option.choices then
    for _, choice in ipairs(option.choices) do
      if choice ~= option.default then return choice, choice end
    end
  end
end

-- What runs by an option is looked at; all others are read where they are used.
local effects = {
  ['drafts.active'] = "return require('kra.draft').active()",
  ['drafts.debounce_ms'] = "return require('kra.draft.clock').times()[1]",
  ['drafts.max_wait_ms'] = "return require('kra.draft.clock').times()[2]",
  ['autosave.write_files'] = "return pcall(vim.api.nvim_get_autocmds, { group = 'kra_write' })",
  ['session.heartbeat_ms'] = "return require('kra.draft.alive').pace()",
  ['live.active'] = "return require('kra.live').status().active",
  ['live.follow'] = "return require('kra.follow').mode()",
}

describe('an option that is set at run time', function()
  local world, editor
  before_each(function() world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } }) end)
  after_each(function() world:close() end)
  local function options()
    return editor:lua([[
      return vim.tbl_filter(function(option) return option.type ~= 'function' end, vim.deepcopy(vim.tbl_map(function(option)
        return option.type == 'function' and { type = 'function' } or option
      end, require('kra.config').options)))
    ]])
  end
  local function open()
    editor = world:nvim()
    editor:command('runtime plugin/kra.lua')
    editor:request('nvim_ui_attach', 80, 24, {})
    editor:lua([[
      require('kra.draft').start()
      require('kra.live').start()
      -- As if a daemon heard of unsaved text.
      require('kra.rpc').connected = function() return true end
      require('kra.rpc').notify = function() end
      require('kra.rpc').request = function() end
      vim.fn.setline(1, 'unsaved')
      require('kra.draft.alive').update()
    ]])
  end
  local function value_of(name)
    local section, key = name:match('^(%w+)%.([%w_]+)$')
    return editor:lua("local section, key = ... return require('kra.config').get()[section][key]", section, key)
  end

  local ways = {
    ['configure()'] = function(section, key, value)
      editor:lua("local s, k, v = ... require('kra').configure({ [s] = { [k] = v } })", section, key, value)
    end,
    [':Kra config'] = function(section, key, _, text) editor:command(('Kra config %s.%s %s'):format(section, key, text)) end,
    ['config.yaml'] = function(section, key, value)
      editor:lua("local s, k, v = ... require('kra.rpc').serve('settings', { [s] = { [k] = v } })", section, key, value)
    end,
  }
  for way, set in pairs(ways) do
    it('is in force at once, by ' .. way, function()
      open()
      local looked = 0
      for _, option in ipairs(options()) do
        local section, key = option.name:match('^(%w+)%.([%w_]+)$')
        local value, text = another(option)
        local effect = effects[option.name]
        if effect then assert.same(option.default, editor:lua(effect), option.name .. ' at first') end
        set(section, key, value, text)
        assert.same(value, value_of(option.name), option.name)
        if effect then
          looked = looked + 1
          assert.same(value, editor:lua(effect), option.name .. ' acts')
        end
        -- What is off would hide what the next one does.
        set(section, key, option.default, type(option.default) == 'table' and table.concat(option.default, ',') or tostring(option.default))
        if effect then assert.same(option.default, editor:lua(effect), option.name .. ' again') end
        editor:lua("require('kra.draft.alive').update()")
      end
      assert.equals(vim.tbl_count(effects), looked)
      assert.same({}, editor:lua("return require('kra.config').faults()"))
    end)
  end

  it('is kept by no part of the plugin for later', function()
    for path in vim.fs.dir(vim.uv.fs_realpath('lua/kra'), { depth = 4 }) do
      local file = path:find('%.lua$') and path ~= 'config.lua' and io.open('lua/kra/' .. path)
      for line in file and file:lines() or function() end do
        assert.is_nil(line:find("^local [%w_, ]+ = require%('kra.config'%).get%(%)"), path .. ': ' .. line)
      end
      if file then file:close() end
    end
  end)
end)
