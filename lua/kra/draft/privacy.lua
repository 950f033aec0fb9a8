-- Whose text never leaves its buffer. The daemon asks its own predicate again; this one stands for the moments without it.
local M = {}
local api = vim.api
local uv = vim.uv

local PLACES = { '^/dev/shm/', '^/run/', '^/tmp/[^/]+$', '^/private/', '^/var/folders/', '/%.git/[^/]*MSG$' }
-- As is_secret_file() of the helper has them; a spec compares the two.
local NAMES = vim.split(vim.trim([[
  .env* *.pem *.key *.p8 *.p12 *.pfx *.pkcs12 *.ppk *.jks *.keystore *.kdb *.kdbx *.gpg *.asc *.age *.ovpn *.tfvars *.tfstate* id_* .netrc
  _netrc .pgpass .my.cnf .npmrc .pypirc .git-credentials .htpasswd .authinfo* .dockercfg .s3cfg .boto .vault-token .vault_pass* .rhosts
  credentials* *secret* *password* *passwd* shadow shadow- gshadow gshadow- wallet.dat master.key
]]), '%s+')
local PATHS = vim.split(vim.trim([[
  */.ssh/* */.gnupg/* */.aws/* */.password-store/* */.kube/config */.docker/config.json */.config/gh/hosts.yml
]]), '%s+')
M.globs = vim.list_extend(vim.list_extend({}, NAMES), PATHS)
local FILETYPES = { gpg = true, pass = true, gopass = true }

local patterns = {} ---@type table<string, string> glob -> Lua pattern

-- As fnmatch(3) without flags: `*` stands for slashes too.
local function pattern_of(glob)
  if not patterns[glob] then
    local text = vim.pesc(glob):gsub('%%%*', '.*'):gsub('%%%?', '.')
    text = text:gsub('%%%[(.-)%%%]', function(set) return '[' .. set:gsub('^!', '^'):gsub('%%%-', '-') .. ']' end)
    patterns[glob] = '^' .. text .. '$'
  end
  return patterns[glob]
end

--- Does a file of this name hold keys or passwords, by the look of it?
---@param path string
---@return boolean
function M.secret(path)
  local name = path:match('[^/]*$')
  for _, glob in ipairs(NAMES) do
    if name:find(pattern_of(glob)) then return true end
  end
  for _, glob in ipairs(PATHS) do
    if path:find(pattern_of(glob)) then return true end
  end
  return false
end

local function excluded_by_user(path)
  for _, glob in ipairs(require('kra.config').get().privacy.exclude) do
    if glob:sub(1, 2) == '~/' then glob = (vim.env.HOME or '') .. glob:sub(2) end
    local text = glob:find('/', 1, true) and path or path:match('[^/]*$')
    if text:find(pattern_of(glob)) then return true end
  end
  return false
end

-- What the user added to 'backupskip'; its default is all of the temporary directory.
local function skipped_by_user(path)
  local info = api.nvim_get_option_info2('backupskip', {})
  if not info.was_set then return false end
  local known = vim.split(info.default, ',')
  for _, glob in ipairs(vim.split(vim.o.backupskip, ',', { trimempty = true })) do
    if not vim.list_contains(known, glob) and not glob:find('tmp/%*$') and path:find(pattern_of(glob)) then return true end
  end
  return false
end

-- On for all, off for this one: somebody took care that nothing of it is stored.
local function switched_off(buf)
  for _, option in ipairs({ 'swapfile', 'undofile' }) do
    if api.nvim_get_option_value(option, { scope = 'global' }) and not api.nvim_get_option_value(option, { buf = buf }) then return option end
  end
end

local refused = {} ---@type table<string, boolean> by the id of the draft

--- The daemon keeps nothing of these.
---@param ids string[]
function M.refused(ids)
  for _, id in ipairs(ids) do refused[id] = true end
end

local function reason_of_name(path)
  for _, place in ipairs(PLACES) do
    if path:find(place) then return 'a place for what is not to be kept' end
  end
  if M.secret(path) then return 'the name of a secret file' end
  if excluded_by_user(path) then return 'privacy.exclude' end
  if skipped_by_user(path) then return 'backupskip' end
end

local function reason_of_file(path)
  local reason = reason_of_name(path)
  if reason then return reason end
  -- What a link leads to is what is edited.
  local real = uv.fs_realpath(path)
  reason = real and real ~= path and reason_of_name(real)
  if reason then return reason end
  local stat = uv.fs_stat(path)
  if not stat then return nil end
  if stat.uid ~= uv.getuid() then return "somebody else's file" end
  local home = vim.env.HOME or '/'
  if stat.mode % 64 == 0 and not vim.startswith(path, home .. '/') then return 'a private file outside HOME' end
end

--- Why nothing of this buffer may be kept, or nil.
---@param buf integer
---@return string?
function M.reason(buf)
  local rec = require('kra.draft.records').get(buf)
  if rec and refused[rec.id] then return 'privacy' end
  if FILETYPES[api.nvim_get_option_value('filetype', { buf = buf })] then return 'filetype of a secret' end
  local off = switched_off(buf)
  if off then return 'no' .. off end
  local path = api.nvim_buf_get_name(buf)
  return path ~= '' and reason_of_file(path) or nil
end

return M
