-- Secrets opened and edited in a whole Neovim in a tmux pane, named in argument vectors and titles, shown, yanked, searched, changed from
-- outside, saved, synced: afterwards nothing of them is in any file that kra keeps, in a log, a metric or a git object.
local worlds = require('tests.helpers.world')

-- Below HOME, where private files are common; each holds the canary.
local KINDS = [[.env .env.local .envrc server.pem tls.key auth.p8 store.p12 store.pfx bundle.pkcs12 putty.ppk app.jks app.keystore
  vault.kdb vault.kdbx note.gpg note.asc note.age office.ovpn prod.tfvars terraform.tfstate id_rsa id_ed25519 .netrc
  _netrc .pgpass .my.cnf .npmrc .pypirc .git-credentials .htpasswd .authinfo .dockercfg .s3cfg .boto .vault-token
  .vault_pass.txt .rhosts credentials.json client_secret.json passwords.txt wallet.dat master.key .ssh/config
  .gnupg/gpg.conf .aws/config .password-store/mail .kube/config .docker/config.json .config/gh/hosts.yml]]
local CANARY = 'CANARY5f1d'

describe('the text of secret files', function()
  local world
  before_each(function()
    world = worlds.new({ env = { KRA_IDLE_MS = '60000' }, conf = { 'set -g @kra-scrollback on' } })
    world.env.KRA_BIN = world.repo .. '/build/kra'
  end)
  after_each(function() world:close() end)

  local function kra(...) return world:check({ world.repo .. '/build/kra', ... }) end

  -- Every file below the directory that holds the canary, also inside git's packed objects.
  local function leaks(directory)
    local found = world:run({ 'grep', '-rlaF', CANARY, directory }).stdout
    local stores = world:run({ 'find', directory, '-type', 'd', '-name', 'objects' }).stdout
    for objects in stores:gmatch('[^\n]+') do
      local store = vim.fs.dirname(objects)
      local all = world:run({ 'git', '-c', 'safe.directory=*', '--git-dir', store, 'cat-file', '--batch-all-objects', '--batch' }).stdout
      assert.truthy(all ~= '', 'an object store that could be read')
      if all:find(CANARY, 1, true) then found = found .. objects .. '\n' end
    end
    return found
  end

  it('appears nowhere in what kra keeps', function()
    local names = vim.split(KINDS, '%s+')
    assert.truthy(#names >= 30)
    world:check({ 'git', 'init', '-q', '--bare', '-b', 'main', world.dir .. '/r.git' })
    world:check({ 'git', 'init', '-q', '-b', 'main', world.home .. '/work' })
    local function git(...) world:check({ 'git', '-C', world.home .. '/work', ... }) end
    world:write('home/work/plain.txt', 'one\n')
    git('remote', 'add', 'origin', world.dir .. '/r.git')
    git('add', '-A')
    git('commit', '-qm', 'first')
    git('push', '-qu', 'origin', 'main')
    for _, name in ipairs(names) do world:write('home/work/' .. name, ('user=%s in %s\n'):format(CANARY, name)) end
    world:check({ 'ln', '-s', 'id_rsa', world.home .. '/work/harmless.txt' })

    world:start_tmux('-s', 'main', '-c', world.home .. '/work')
    world:tmux('run-shell', world.repo .. '/kra.tmux')
    world:write('init.lua', ([[
      vim.opt.rtp:prepend(%q)
      vim.o.swapfile = false
      vim.g.kra = { autosave = { editor_debounce_ms = 20 }, session = { suppress = {} }, drafts = { debounce_ms = 20 } }
    ]]):format(world.repo))
    world:attach('main')
    world:tmux('send-keys', '-t', 'main', ('nvim -u %s/init.lua --listen %s/run/inner -i NONE'):format(world.dir, world.dir), 'Enter')
    local channel = world:wait(function()
      local ok, found = pcall(vim.fn.sockconnect, 'pipe', world.dir .. '/run/inner', { rpc = true })
      return ok and found > 0 and found
    end, 'the editor')
    local function lua(code, ...) return vim.rpcrequest(channel, 'nvim_exec_lua', code, { ... }) end
    world:wait(function()
      return lua("return package.loaded['kra.draft'] ~= nil and require('kra.rpc').connected() and require('kra.draft').active()")
    end, 'a connected editor')

    lua([[
      local canary, names = ...
      vim.o.hidden = true
      for _, name in ipairs(names) do
        vim.cmd.edit(vim.fn.fnameescape(name))
        vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'typed ' .. canary })
        vim.cmd('silent normal! yy')
      end
      vim.cmd('silent vimgrep /user=/j ' .. table.concat(vim.tbl_map(vim.fn.fnameescape, names), ' '))
      vim.cmd('silent lvimgrep /user=/ .env')
      vim.cmd.edit('plain.txt')
      vim.fn.setline(1, 'the text that is kept')
    ]], CANARY, vim.list_extend(vim.deepcopy(names), { 'harmless.txt' }))
    world:wait(function() return kra('drafts', 'list', '--all', '--json'):find('the text that is kept', 1, true) end, 'the draft of the plain file')

    -- Programs and titles that carry one, each in a pane; their scrollback shows it.
    world:write('bin/mysql', '#!/bin/sh\necho "$2"\nexec sleep 300\n')
    vim.uv.fs_chmod(world.dir .. '/bin/mysql', tonumber('755', 8))
    world:tmux('split-window', '-d', '-t', 'main', '--', world.dir .. '/bin/mysql', '--password', CANARY, '-u', 'me')
    world:tmux('split-window', '-d', '-t', 'main', '--', 'env', 'PGPASSWORD=' .. CANARY, 'sleep', '300')
    world:tmux('new-window', '-d', '-t', 'main', '--', 'sh', '-c', 'sleep 300; : https://me:' .. CANARY .. '@example.org')
    world:tmux('select-pane', '-t', 'main:0.0', '-T', 'mysql -p' .. CANARY)
    for _, name in ipairs({ '.env', 'id_rsa', 'plain.txt' }) do
      world:write('home/work/' .. name, name == 'plain.txt' and 'two\n' or ('from outside %s\n'):format(CANARY))
    end
    kra('save', 'work')
    kra('save', '--message', 'again')
    lua("require('kra').save({ quiet = true })")
    kra('sync', 'enable', world.home .. '/work', '--yes')
    world:run({ world.repo .. '/build/kra', 'sync', world.home .. '/work' })
    world:run({ world.repo .. '/build/kra', 'sync', 'snapshot' }, { cwd = world.home .. '/work' })
    kra('daemon', 'stop')
    local pid = lua('return vim.uv.os_getpid()')
    vim.rpcnotify(channel, 'nvim_command', 'qall!')
    world:wait(function() return vim.uv.kill(pid, 0) ~= 0 end, 'the end of the editor')

    local state = world.env.KRA_STATE_DIR
    -- It looks where there is something to be found.
    assert.truthy(world:run({ 'grep', '-rlF', 'the text that is kept', state }).stdout ~= '')
    assert.equals('', leaks(state))
    assert.equals('', leaks(world.env.KRA_RUNTIME_DIR))
    assert.equals('', leaks(world.dir .. '/r.git'))
    assert.equals('', world:run({ 'grep', '-rlF', CANARY, world.dir .. '/nvim.log' }).stdout)
  end)
end)
