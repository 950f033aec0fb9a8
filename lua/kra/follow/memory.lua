-- Follow is remembered for each project: a small file in the state directory, read when the live part begins.
local M = {}
local uv = vim.uv

local KINDS = { split = true, vsplit = true, current = true }

local function file_of(project)
  return ('%s/follow/%s'):format(require('kra.daemon').state_dir(), require('kra.live.disk').hash(project))
end

---@param project string
---@param what? string nil: it is off there
---@param below? string
function M.keep(project, what, below)
  local path = file_of(project)
  -- A window that was there already cannot be known again.
  if what == 'here' then what = 'vsplit' end
  if not what or not KINDS[what] or (below or ''):find('\n') then
    uv.fs_unlink(path)
    return
  end
  vim.fn.mkdir(vim.fs.dirname(path), 'p', tonumber('700', 8))
  local file = io.open(path .. '.new', 'w')
  if not file then return end
  file:write(project, '\n', what, '\n', below or '', '\n')
  file:close()
  uv.fs_rename(path .. '.new', path)
end

---@param project string
---@return 'split'|'vsplit'|'current'|nil
---@return string? below
function M.get(project)
  local file = io.open(file_of(project), 'r')
  if not file then return nil end
  local known, what, below = file:read('*l', '*l', '*l')
  file:close()
  if known == project and KINDS[what] then return what, below ~= '' and below or nil end
end

return M
