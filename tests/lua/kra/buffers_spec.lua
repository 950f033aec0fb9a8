local worlds = require('tests.helpers.world')

describe('the predicate of buffers', function()
  local world, editor
  setup(function()
    world = worlds.new()
    editor = world:nvim()
  end)
  teardown(function()
    editor:stop()
    world:close()
  end)

  local CHECK = [[
    local name, options = ...
    local buf = vim.api.nvim_create_buf(true, false)
    if name ~= '' then vim.api.nvim_buf_set_name(buf, name) end
    for option, value in pairs(options) do vim.bo[buf][option] = value end
    local belongs, reason = require('kra.buffers').check(buf)
    vim.api.nvim_buf_delete(buf, { force = true })
    return { belongs, reason or vim.NIL }
  ]]
  local function check(name, options) return editor:lua(CHECK, name, options or vim.empty_dict()) end

  it('takes files', function()
    for _, name in ipairs({ '/p/main.c', "/p/it's | a `name`", '/p/COMMIT_EDITMSG.md', '/p/crontab.md',
      '/p/pass/index.txt', '/tmp/notes', '/p/a://b' }) do
      assert.same({ true, vim.NIL }, check(name), name)
    end
  end)

  it('leaves out what other programs wait for, and says why', function()
    for name, reason in pairs({
      ['/r/.git/COMMIT_EDITMSG'] = 'git message', ['/r/.git/rebase-merge/git-rebase-todo'] = 'git message', ['/r/.git/MERGE_MSG'] = 'git message',
      ['/tmp/crontab.aB3xYz/crontab'] = 'crontab', ['/var/tmp/hosts.XXa1b2c3d4'] = 'sudoedit', ['/tmp/bash-fc.Ab12Cd'] = 'command line of a shell',
      ['/tmp/zshAb12Cd'] = 'command line of a shell', ['/tmp/mutt-host-1000-1-2'] = 'mail', ['/dev/shm/pass.AbC/site.txt'] = 'password store',
      ['/dev/fd/63'] = 'no file', ['/proc/1/environ'] = 'no file', ['scp://host/file'] = 'scheme scp', ['oil:///p'] = 'scheme oil',
      ['/r/x.jjdescription'] = 'message of another tool',
    }) do
      assert.same({ false, reason }, check(name), name)
    end
  end)

  it('leaves out plugin windows by buffer type and file type', function()
    for _, filetype in ipairs({ 'NvimTree', 'neo-tree', 'TelescopePrompt', 'fugitive', 'gitcommit', 'help', 'alpha', 'lazy',
      'qf', 'snacks_picker_list' }) do
      assert.same({ false, 'filetype ' .. filetype }, check('/p/x', { filetype = filetype }), filetype)
    end
    assert.same({ false, 'buftype nofile' }, check('/p/x', { buftype = 'nofile' }))
    assert.same({ false, 'not listed' }, check('/p/x', { buflisted = false }))
    assert.same({ false, 'empty' }, check(''))
  end)

  it('knows at least as many file types as the first edition did', function()
    assert.is_true(vim.tbl_count(require('kra.buffers').excluded_filetypes) >= 60)
  end)

  it('can be told of more', function()
    editor:lua("require('kra').setup({ buffers = { exclude_filetypes = { 'mine' } } })")
    assert.same({ false, 'filetype mine' }, check('/p/x', { filetype = 'mine' }))
  end)

  it('counts what is left out, with reasons', function()
    local counts = editor:lua([[
      for i = 1, 3 do vim.bo[vim.fn.bufadd('/r' .. i .. '/.git/COMMIT_EDITMSG')].buflisted = true end
      return require('kra.buffers').excluded()
    ]])
    assert.same({ { reason = 'git message', count = 3 } }, vim.tbl_filter(function(row) return row.reason == 'git message' end, counts))
  end)

  it('keeps its records fresh', function()
    local seen = editor:lua([[
      local buffers = require('kra.buffers')
      buffers.watch()
      vim.cmd.enew()
      vim.cmd.file('/p/first')
      local buf = vim.api.nvim_get_current_buf()
      local out = { buffers.record(buf).path }
      vim.cmd.file('/p/second')
      table.insert(out, buffers.record(buf).path)
      vim.bo.filetype = 'NvimTree'
      table.insert(out, tostring(buffers.record(buf).belongs))
      return out
    ]])
    assert.same({ '/p/first', '/p/second', 'false' }, seen)
  end)
end)
