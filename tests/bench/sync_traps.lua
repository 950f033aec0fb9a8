-- sync_traps [--sample|--full]: a repository with every hook and setting that makes git run something (tests/helpers/traps.lua), and all
-- that kra does in one: before `kra sync enable`, after it in both modes. What ran is counted; plain git in the same repository shows that the
-- traps are live.
package.path = './?.lua;./lua/?.lua;./lua/?/init.lua;' .. package.path
local driver = require('tests.bench.support.driver')
local traps = require('tests.helpers.traps')
local kra = vim.uv.fs_realpath(os.getenv('KRA_BIN') or 'build/kra')

local ROUNDS = driver.full and 5 or 1
local dir

local function run(words, cwd)
  local env = { HOME = dir .. '/home', PATH = dir .. '/bin:' .. os.getenv('PATH'), TERM = 'dumb', LANG = 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM = '1', GIT_TERMINAL_PROMPT = '0',
    GIT_AUTHOR_NAME = 'A', GIT_AUTHOR_EMAIL = 'a@a', GIT_COMMITTER_NAME = 'A', GIT_COMMITTER_EMAIL = 'a@a',
    KRA_STATE_DIR = dir .. '/state', KRA_RUNTIME_DIR = dir .. '/run', KRA_CONFIG_DIR = dir .. '/config', TMPDIR = dir }
  local list = { 'env', '-i' }
  for name, value in vim.spairs(env) do table.insert(list, name .. '=' .. value) end
  return vim.system(vim.list_extend(list, words), { cwd = cwd or dir, text = true }):wait(60000)
end

local function plain(...)
  local result = run({ 'git', ... })
  assert(result.code == 0, table.concat({ ... }, ' ') .. ': ' .. result.stderr)
end

-- A clean repository with a remote, then the traps.
local function repository(name)
  local root = dir .. '/' .. name
  plain('init', '-q', '--bare', '-b', 'main', root .. '.git')
  plain('init', '-q', '-b', 'main', root)
  vim.fn.writefile({ 'one' }, root .. '/f')
  vim.fn.writefile({ 'two' }, root .. '/one.x')
  plain('-C', root, 'add', '-A')
  plain('-C', root, 'commit', '-qm', 'first')
  plain('-C', root, 'remote', 'add', 'origin', root .. '.git')
  plain('-C', root, 'push', '-qu', 'origin', 'main')
  local number, ran = traps.set(root, dir .. '/of-' .. name, plain)
  return root, number, ran
end

-- Everything that kra can be asked in a work tree.
local ALL = vim.tbl_map(function(line) return vim.split(line, ' ') end, {
  'sync', 'sync plan', 'sync push', 'sync pull', 'sync status', 'sync snapshot', 'sync snapshot --ignored', 'sync snapshots',
  'sync conflicts', 'sync undo', 'sync cleanup 3', 'sync start', 'sync stop', 'sync --reason startup', 'sync --reason exit',
  'sync --confirm', 'status', 'doctor', 'changes', 'affected f', 'note edit f --by x', 'pause --ttl 1', 'resume', 'hold -- true',
  'event shell',
})

local function everything(root)
  for round = 1, ROUNDS do
    for _, words in ipairs(ALL) do
      vim.fn.writefile({ 'round ' .. round, table.concat(words, ' ') }, root .. '/f')
      vim.fn.writefile({ table.concat(words, ' ') }, root .. '/one.x')
      local result = run(vim.list_extend({ kra }, words), root)
      assert(result.code ~= 124 and result.signal == 0, table.concat(words, ' ') .. ' did not end')
    end
  end
end

local met = true
local function bar(name, ran, limit, n, at_least)
  local pass = at_least and #ran >= limit or not at_least and #ran <= limit
  driver.bar({ bar = name, figure = #ran, limit = limit, floor = 0, unit = 'programs', n = n, pass = pass, judged = true })
  if not pass then io.stderr:write(name, ': ', table.concat(ran, ' '), '\n') end
  met = met and pass
end

driver.run(function()
  dir = driver.directory()
  for _, name in ipairs({ 'home', 'bin', 'state', 'config' }) do vim.fn.mkdir(dir .. '/' .. name, 'p') end
  vim.fn.mkdir(dir .. '/run', 'p', tonumber('700', 8))
  vim.uv.fs_symlink('/bin/false', dir .. '/bin/git-remote-trap')
  local root, number, ran = repository('control')
  for _, line in ipairs({ 'status', 'add -A', 'commit -qm x', 'commit --amend --no-gpg-sign -qm x', 'diff HEAD~', 'checkout -qb y', 'fetch',
    'push', 'log' }) do
    run(vim.list_extend({ 'git', '-C', root }, vim.split(line, ' ')))
  end
  bar('traps of a repository that plain git runs (they are live)', ran(), 10, number, true)

  root, number, ran = repository('shadow')
  everything(root)
  bar('programs of a repository run before it is enabled', ran(), 0, number * ROUNDS * #ALL)
  assert(run({ kra, 'sync', 'enable' }, root).code == 0, 'enable')
  everything(root)
  plain('--git-dir', root .. '.git', 'rev-parse', '-q', '--verify', 'refs/kra/sync/main')
  bar('programs of a repository run by mode shadow', ran(), 0, number * ROUNDS * #ALL)

  -- In mode track the user agreed to pre-push, and only to that. There is no key to sign with, which the repository asks for.
  vim.fn.writefile({ 'sync: {sign: never}' }, dir .. '/config/config.yaml')
  root, number, ran = repository('track')
  assert(run({ kra, 'sync', 'enable', '--mode', 'track', '--yes' }, root).code == 0, 'enable --mode track')
  everything(root)
  assert(run({ 'git', '--git-dir', root .. '.git', 'rev-list', '--count', 'main' }).stdout ~= '1\n', 'nothing was pushed')
  local others = vim.tbl_filter(function(name) return name ~= 'hook-pre-push' end, ran())
  bar('programs of a repository but pre-push run by mode track', others, 0, number * ROUNDS * #ALL)
  run({ kra, 'daemon', 'stop' })
end)
os.exit(met and 0 or 1)
