-- Jumps and marks lie in a shada file of our own, in the state directory; no register, no history and no variable goes there.
local M = {}
local api = vim.api

local LIMITS = "'200,<0,:0,/0,@0,s10,h,f1"

local function directory() return require('kra.daemon').state_dir() .. '/shada' end

-- An id is a uuid or a key of any text: only harmless letters reach the file name.
---@param id string
function M.path(id)
  local name = id:gsub('[^%w-]', '_'):sub(-60)
  return ('%s/%s-%s.shada'):format(directory(), name, vim.fn.sha256(id):sub(1, 12))
end

local function command(name, id)
  return require('kra.session.guard').with({ shada = LIMITS, shadafile = '' }, function()
    api.nvim_cmd({ cmd = name, bang = true, args = { vim.fn.fnameescape(M.path(id)) }, mods = { silent = true, emsg_silent = false } }, {})
    return true
  end)
end

---@return boolean written
function M.write(id)
  if vim.fn.mkdir(directory(), 'p', tonumber('700', 8)) == 0 then return false end
  return command('wshada', id) == true
end

---@return boolean read false also when there is none
function M.read(id)
  if not vim.uv.fs_access(M.path(id), 'R') then return false end
  return command('rshada', id) == true
end

return M
