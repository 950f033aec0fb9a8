--- What a repository can make git run, and a repository that has all of it. Each trap is a program of its own that leaves a file with its name.
local M = {}

M.HOOKS = vim.split([[applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg post-commit pre-rebase
  post-checkout post-merge pre-push pre-receive update proc-receive post-receive post-update reference-transaction push-to-checkout
  pre-auto-gc post-rewrite sendemail-validate fsmonitor-watchman post-index-change]], '%s+')

--- Key to value; %s is the program.
M.KEYS = {
  ['core.fsmonitor'] = '%s',
  ['core.editor'] = '%s',
  ['core.pager'] = '%s',
  ['core.sshCommand'] = '%s',
  ['core.askPass'] = '%s',
  ['core.gitProxy'] = '%s',
  ['core.alternateRefsCommand'] = '%s',
  ['credential.helper'] = '!%s',
  ['gpg.program'] = '%s',
  ['gpg.ssh.program'] = '%s',
  ['gpg.x509.program'] = '%s',
  ['gpg.ssh.defaultKeyCommand'] = '%s',
  ['diff.external'] = '%s',
  ['diff.x.command'] = '%s',
  ['diff.x.textconv'] = '%s',
  ['merge.x.driver'] = '%s %%O %%A %%B',
  ['filter.x.clean'] = '%s',
  ['filter.x.smudge'] = '%s',
  ['filter.y.process'] = '%s',
  ['remote.origin.uploadpack'] = '%s',
  ['remote.origin.receivepack'] = '%s',
  ['remote.origin.vcs'] = 'trap',
  ['remote.origin.proxy'] = 'ext::%s',
  ['sequence.editor'] = '%s',
  ['interactive.diffFilter'] = '%s',
  ['submodule.s.update'] = '!%s',
  ['url.ext::%s.insteadOf'] = '/',
  ['alias.snapshot'] = '!%s',
  ['alias.fetch'] = '!%s',
  ['pager.diff'] = '%s',
  ['pager.log'] = '%s',
  ['uploadpack.packObjectsHook'] = '%s',
  ['trailer.x.command'] = '%s',
  ['trailer.x.cmd'] = '%s',
  ['mergetool.x.cmd'] = '%s',
  ['difftool.x.cmd'] = '%s',
  ['browser.x.cmd'] = '%s',
  ['man.x.cmd'] = '%s',
  ['guitool.x.cmd'] = '%s',
  ['sendemail.tocmd'] = '%s',
  ['sendemail.sendmailCmd'] = '%s',
  ['receive.procReceiveRefs'] = 'refs',
  ['imap.tunnel'] = '%s',
  ['notes.rewriteRef'] = 'refs/notes/*',
  ['commit.gpgSign'] = 'true',
  ['push.gpgSign'] = 'if-asked',
  ['protocol.ext.allow'] = 'always',
  ['core.attributesFile'] = '.gitattributes',
}

local function put(path, text, mode)
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  local file = assert(io.open(path, 'wb'))
  assert(file:write(text))
  file:close()
  if mode then assert(vim.uv.fs_chmod(path, tonumber(mode, 8))) end
end

--- Sets every trap in the repository `root`. `git(words…)` runs git without the repository's settings; `dir` gets the programs and the marks.
---@return integer number of traps
---@return fun(): string[] which have run since the last call
function M.set(root, dir, git)
  local marks = dir .. '/ran'
  vim.fn.mkdir(marks, 'p')
  local number = 0
  local function program(name)
    number = number + 1
    local path = ('%s/traps/%s'):format(dir, (name:gsub('[^%w.-]', '-')))
    put(path, ('#!/bin/sh\necho x >%s/%s\nexit 0\n'):format(vim.fn.shellescape(marks), vim.fs.basename(path)), '755')
    return path
  end
  for _, hook in ipairs(M.HOOKS) do put(root .. '/.git/hooks/' .. hook, ('#!/bin/sh\nexec %s\n'):format(program('hook-' .. hook)), '755') end
  local config = root .. '/.git/config'
  for key, value in vim.spairs(M.KEYS) do
    local path = (key .. value):find('%s', 1, true) and program('key-' .. key) or ''
    git('config', '-f', config, '--add', (key:gsub('%%s', path)), (value:gsub('%%s', path):gsub('%%%%', '%%')))
  end
  -- What is only included, and where the helper of a remote is looked for.
  local included = root .. '/.git/more'
  git('config', '-f', included, 'core.fsmonitor', program('included-fsmonitor'))
  git('config', '-f', included, 'filter.z.clean', program('included-filter'))
  git('config', '-f', config, '--add', 'include.path', 'more')
  git('config', '-f', config, '--add', 'includeIf.gitdir:/.path', 'more')
  put(root .. '/.git/info/attributes', '*.z filter=z\n')
  put(root .. '/.gitattributes', '*.x filter=x diff=x merge=x\n*.y filter=y\n')
  for _, name in ipairs({ 'one.x', 'two.y', 'three.z' }) do put(root .. '/' .. name, 'text\n') end
  -- A module whose files would be fetched, and one of a name that leads elsewhere.
  local url, update = program('module-url'), program('module-update')
  put(root .. '/.gitmodules', ('[submodule "s"]\n\tpath = s\n\turl = ext::%s\n\tupdate = !%s\n'):format(url, update))
  return number, function()
    local ran = {}
    for name in vim.fs.dir(marks) do
      table.insert(ran, name)
      os.remove(marks .. '/' .. name)
    end
    table.sort(ran)
    return ran
  end
end

return M
