-- When a session is neither saved nor restored by itself. Commands of the user's are not asked.
local M = {}
local api = vim.api

local function has_argument(...)
  local wanted = { ... }
  for i, argument in ipairs(vim.v.argv) do
    if argument == '--' then return false end
    if i > 1 and vim.list_contains(wanted, argument) then return true end
  end
  return false
end

local by_start -- the start does not change

local function reason_of_start()
  if vim.env.KRA_DISABLE == '1' then return 'KRA_DISABLE is set' end
  if vim.env.NVIM then return 'started inside another Neovim' end
  if vim.g.kra_stdin or has_argument('-') then return 'text from a pipe' end
  if vim.g.started_by_firenvim then return 'started by a browser' end
  if has_argument('-d') or vim.fn.fnamemodify(vim.v.argv[1] or '', ':t'):find('diff') then return 'a comparison of files' end
  if has_argument('-R', '-M', '-Z', '+Man!', '-es', '-Es', '-s') then return 'a pager or a script' end
  if has_argument('-S') then return 'a session file of its own' end
  for _, name in ipairs(vim.fn.argv()) do
    local handed = require('kra.buffers').handed(vim.fn.fnamemodify(name, ':p'))
    if handed then return 'opened for another program: ' .. handed end
  end
end

--- Why this editor is left alone, or nil.
---@param leaving? boolean it had a user interface until now
---@return string?
function M.blocked(leaving)
  if by_start == nil then by_start = reason_of_start() or false end
  if by_start then return by_start end
  if not leaving and #api.nvim_list_uis() == 0 then return 'no user interface' end
  if require('kra.session').failed() then return 'a restore failed' end
  local filetype = vim.bo.filetype
  if filetype == 'gitcommit' or filetype == 'gitrebase' or filetype == 'jjdescription' then return 'opened for another program: ' .. filetype end
end

local function matches(path, globs)
  for _, glob in ipairs(globs) do
    local wanted = vim.fs.normalize(glob)
    local ok, pattern = pcall(vim.glob.to_lpeg, wanted)
    if path == wanted or path == vim.uv.fs_realpath(wanted) or (ok and pattern:match(path)) then return true end
  end
  return false
end

--- May this directory have a session of its own? Links and ~ are resolved; `*` stands for one level.
---@param directory string
---@return boolean
function M.allows(directory)
  local session = require('kra.config').get().session
  local real = vim.uv.fs_realpath(directory) or directory
  if matches(real, session.suppress) then return false end
  return #session.allow == 0 or matches(real, session.allow)
end

--- Was Neovim started for a directory, not for files?
---@return boolean
function M.started_for_directory()
  local arguments = vim.fn.argv()
  return #arguments == 0 or #arguments == 1 and vim.fn.isdirectory(arguments[1]) == 1
end

return M
