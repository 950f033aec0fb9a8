local worlds = require('tests.helpers.world')
local peers = require('tests.lua.helpers.peer')

describe(':Kra', function()
  local world, peer, editor
  before_each(function()
    world = worlds.new({ env = { KRA_BIN = '/nonexistent/kra' } })
    peer = peers.new(world)
    editor = world:nvim({ args = { '-u', 'NORC', '-i', 'NONE', '-n' } })
    editor:lua('_G.said = {} vim.notify = function(text) table.insert(_G.said, text) end')
  end)
  after_each(function()
    editor:stop()
    peer:close()
    world:close()
  end)

  local function complete(line) return editor:lua("return vim.fn.getcompletion(..., 'cmdline')", line) end
  local function messages() return editor:lua("return table.concat(_G.said, ' / ')") end

  it('completes subcommands and their words, sorted, always a list', function()
    local names = complete('Kra ')
    assert.same(editor:lua("return require('kra.command').names()"), names)
    local agreed = 'accept both changes config diff doctor drafts follow hold live log mine move pause pin reject restore resume run save '
      .. 'status sync theirs undo undo-external'
    for name in agreed:gmatch('%S+') do
      assert.is_true(vim.list_contains(names, name), name)
    end
    assert.same({ 'reject', 'restore', 'resume' }, complete('Kra re'))
    assert.same({ 'off', 'on' }, complete('Kra live '))
    assert.same({ 'save' }, complete('silent Kra! sa'))
    assert.same({}, complete('Kra nonsense x'))
    assert.same({}, complete('Kra save '))
    assert.same({}, complete('KraSave '))
    assert.same({ 'session.allow', 'session.auto_restore' }, complete('Kra config session.a'))
    local direct = editor:lua([[
      local complete = require('kra.command').complete
      return { complete('', 0), complete('Kra', 3), complete('x y z', 5) }
    ]])
    for _, list in ipairs(direct) do assert.is_true(vim.islist(list)) end
  end)

  it('says of what this release has not that it has it not', function()
    editor:command('Kra! run')
    assert.truthy(messages():find('no live blocks', 1, true))
  end)

  it('completes names of sessions', function()
    peer.answers.session_list = function() return { sessions = { { key = 'name:zeta' }, { key = 'dir:/x' }, { key = 'name:alpha' } } } end
    assert.same({}, complete('Kra restore '))
    editor:lua("require('kra.rpc').call('status', {}, 2000)")
    assert.same({ 'alpha', 'zeta' }, complete('Kra restore '))
    peer.answers.session_list = function() return { sessions = 'rubbish' } end
    assert.same({}, complete('Kra restore '))
  end)

  it('completes names of saves', function()
    assert.same({}, complete('Kra log '))
    local program = world:write('kra', '#!/bin/sh\n[ "$*" = "list --names" ] && printf "work\\nplay\\n"\n')
    world:check({ 'chmod', '755', program })
    editor:lua('vim.env.KRA_BIN = ...', program)
    assert.same({ 'play', 'work' }, complete('Kra log '))
    assert.same({ 'work' }, complete('Kra log w'))
  end)

  it('says what is near an unknown subcommand', function()
    editor:command('Kra resore')
    assert.truthy(messages():find('no subcommand resore; did you mean res', 1, true))
  end)

  it('saves inside tmux through the daemon, with what was saved', function()
    editor:lua("vim.env.TMUX = '/tmp/socket,1,0'")
    local result = { name = 'work', generation = 12, sessions = 3, windows = 9, panes = 21, editors = 1, duration_ms = 18 }
    peer.answers.save = function() return result end
    editor:command('KraSave work')
    local wanted = 'saved work@12: 3 sessions, 9 windows, 21 panes, 1 editor, 18 ms'
    world:wait(function() return messages():find(wanted, 1, true) end, 'the message', nil, messages)
    assert.same({ server = '/tmp/socket', name = 'work', message = '', reason = 'manual' }, peer:told('save')[1])
  end)

  it('writes modified files with a bang', function()
    world:write('home/a.txt', 'a\n')
    editor:command('edit a.txt')
    editor:command('call setline(1, "b")')
    editor:command('KraSave!')
    world:wait(function() return #peer:told('session_put') == 1 end, 'the save')
    assert.equals('b\n', world:read('home/a.txt'))
  end)

  it('says why it could not save', function()
    peer.answers.session_put = function() error({ fault = 'io', what = 'no space' }) end
    editor:command('Kra save')
    world:wait(function() return messages():find('not saved: no space', 1, true) end, 'the message', nil, messages)
  end)

  it('says that there is nothing to restore', function()
    editor:command('Kra restore nothing')
    world:wait(function() return messages():find('not restored: there is no session for nothing', 1, true) end, 'the message', nil, messages)
  end)

  it('shows the status in a window that q closes', function()
    editor:command('Kra status')
    world:wait(function() return editor:lua('return #vim.api.nvim_list_wins()') == 2 end, 'the float')
    local text = editor:lua("return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')")
    assert.truthy(text:find('work@3', 1, true))
    editor:request('nvim_input', 'q')
    world:wait(function() return editor:lua('return #vim.api.nvim_list_wins()') == 1 end, 'the end of the float')
  end)

  it('shows and sets options', function()
    editor:command('Kra config autosave.editor_debounce_ms 250')
    assert.equals(250, editor:lua("return require('kra.config').get().autosave.editor_debounce_ms"))
    editor:command('Kra config autosave.editor_debounce_ms')
    assert.truthy(editor:lua('return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1]'):find('250%s+setup'))
    editor:command('Kra config no.such')
    assert.truthy(messages():find('no.such is not an option', 1, true))
  end)

  it('takes every option of its table, and says what it does not know with the path', function()
    editor:lua([[require('kra').setup({ session = { per_directry = true }, autosave = { active = 'yes' }, nonsense = 1, retry = 5, sync = {} })]])
    local faults = editor:lua("return require('kra.config').faults()")
    assert.same({ 'autosave.active wants a boolean', 'nonsense is not an option', 'retry wants a table',
      'session.per_directry is not an option', 'sync is for config.yaml, not for one editor' }, faults)
    assert.is_true(editor:lua("return require('kra.config').get().autosave.active"))
  end)

  it('lets setup() win over what the daemon read', function()
    peer.answers.hello = function()
      return { proto = 1, settings = { ['autosave.editor_debounce_ms'] = 900, ['session.per_branch'] = true, ['drafts.active'] = true,
        ['retry.first_ms'] = 'x' } }
    end
    editor:lua("require('kra').setup({ autosave = { editor_debounce_ms = 300 } })")
    editor:lua("require('kra.rpc').call('status', {}, 2000)")
    assert.same({ 300, true, 1000 }, editor:lua([[
      local config = require('kra.config').get()
      return { config.autosave.editor_debounce_ms, config.session.per_branch, config.retry.first_ms }
    ]]))
    assert.same({}, editor:lua("return require('kra.config').faults()"))
  end)

  it('ranks the environment above setup(), and setup() above the options of the tmux server', function()
    local sources = editor:lua([[
      vim.env.KRA_AUTOSAVE_ACTIVE, vim.env.KRA_SERVER_AUTOSAVE_ACTIVE = 'off', 'on'
      vim.env.KRA_SERVER_SESSION_PER_BRANCH, vim.env.KRA_SERVER_RETRY_MAX_MS = '1', '70000'
      vim.env.KRA_SESSION_ALLOW, vim.env.KRA_RETRY_FIRST_MS = '/a, /b', 'x'
      require('kra').setup({ autosave = { active = true }, retry = { max_ms = 90000 } })
      local rows = {}
      for _, row in ipairs(require('kra.config').show()) do rows[row.name] = { row.value, row.source } end
      return { rows['autosave.active'], rows['session.per_branch'], rows['retry.max_ms'], rows['session.allow'], rows['retry.first_ms'] }
    ]])
    local wanted = { { false, 'environment' }, { true, '@kra-*' }, { 90000, 'setup' }, { { '/a', '/b' }, 'environment' }, { 1000, 'default' } }
    assert.same(wanted, sources)
    assert.same({ '$KRA_RETRY_FIRST_MS: retry.first_ms wants a whole number' }, editor:lua("return require('kra.config').faults()"))
  end)

  it('checks health without an error of its own', function()
    editor:command('checkhealth kra')
    local text = editor:lua("return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')")
    assert.is_nil(text:find('Failed to run healthcheck', 1, true))
    assert.truthy(text:find('no kra program', 1, true) or text:find('kra:', 1, true))
    assert.truthy(text:find('socket .* is ours alone') or text:find('may be used by others', 1, true))
  end)

  it('says of unsaved text where it is, and what is wrong with that, with a cure', function()
    local function checked()
      editor:command('checkhealth kra')
      local text = editor:lua("return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')")
      editor:command('bwipeout!')
      return assert(text:match('kra: unsaved text(.-)\n[^\n]*kra: changes on disk'), text)
    end
    editor:lua([[
      vim.env.KRA_BIN = ...
      require('kra.draft').start()
      vim.fn.setline(1, 'unsaved')
      require('kra.draft').flush(true)
    ]], world.repo .. '/build/kra')
    local text = checked()
    for _, row in ipairs({ 'OK unsaved text of this editor is in /.*%.journal', 'OK each edit is kept as it is made',
      'OK unsaved text can be written',
      'OK there is a second place', 'OK the journals of unsaved text are whole', 'OK every editor with unsaved text answers' }) do
      assert.truthy(text:gsub('[^%w\n /%.%-]', ''):find(row), row .. ' in ' .. text)
    end
    local own = vim.fn.glob(world.dir .. '/state/kra/drafts/*.journal')
    world:write('state/kra/drafts/other.journal', 'what is no record' .. world:read(own:sub(#world.dir + 2)))
    assert.truthy(checked():find('WARNING[^\n]*1 journal of unsaved text has damage.-ADVICE'))
    editor:lua("require('kra.native').net = nil require('kra.draft.net').stop()")
    assert.truthy(checked():find('not as it is made: libkra.so is not used', 1, true))
  end)
end)
