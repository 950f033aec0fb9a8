-- What a restore answers when a file has a swap file: never "edit anyway". Where nothing unsaved lies in it and its owner is dead, the
-- leftover goes away; else the file is opened read-only, and the user is told whose it is.
local M = {}
local api = vim.api

---@class kra.Swap
---@field path string the file
---@field swap string
---@field pid integer
---@field alive boolean
---@field pane? string of a living owner

local found = {} ---@type kra.Swap[]

local function environment_of(pid, name)
  local file = io.open(('/proc/%d/environ'):format(pid), 'rb')
  if not file then return nil end
  local text = file:read('*a') or ''
  file:close()
  return ('\0' .. text):match('%z' .. name .. '=(%Z+)')
end

-- A process id may belong to another program by now.
local function is_editor(pid)
  if pid <= 0 or pid == vim.uv.os_getpid() or vim.uv.kill(pid, 0) ~= 0 then return false end
  local file = io.open(('/proc/%d/comm'):format(pid), 'rb')
  if not file then return true end
  local name = file:read('*a') or ''
  file:close()
  return name:find('vi', 1, true) ~= nil
end

---@return kra.Swap
---@return boolean needless nothing unsaved is in it, and nobody uses it
local function look(path, swap)
  local info = vim.fn.swapinfo(swap)
  local pid = tonumber(info.pid) or 0
  local host = vim.uv.os_gethostname()
  local here = info.host == nil or info.host == '' or host:sub(1, #info.host) == info.host
  local alive = not here or is_editor(pid)
  local entry = { path = vim.fn.fnamemodify(path, ':p'), swap = swap, pid = pid, alive = alive }
  if alive and here then entry.pane = environment_of(pid, 'TMUX_PANE') end
  return entry, not alive and info.error == nil and info.dirty == 0
end

---@return integer id of the autocommand
local function install()
  return api.nvim_create_autocmd('SwapExists', {
    desc = 'kra: look whose swap file this is',
    callback = function(event)
      local ok, swap, needless = pcall(look, event.file, vim.v.swapname)
      if ok and needless then
        vim.v.swapchoice = 'd'
        return
      end
      table.insert(found, ok and swap or { path = event.file, swap = vim.v.swapname, pid = 0, alive = false })
      vim.v.swapchoice = 'o'
    end,
  })
end

--- Our answer stands until the function that is given back is called. It comes after Neovim's own handler, which would choose "edit"
--- for a living owner.
---@return fun()
function M.hold()
  local id = install()
  return function() pcall(api.nvim_del_autocmd, id) end
end

--- Our answer stands while `work` runs.
function M.with(work)
  local release = M.hold()
  local ok, err = pcall(work)
  release()
  if not ok then error(err, 0) end
end

--- For a buffer that was loaded where Neovim asks no handler: it took the next name, so that of the other swap file can be told from its own.
--- As the handler does: what is needless goes away, else the buffer is read-only until somebody has settled it.
---@param buf integer
---@return kra.Swap?
function M.beside(buf)
  local own, newest = vim.fn.swapname(buf), nil
  local stem, letter = own:match('^(.*%.sw)([a-o])$')
  if not stem then return nil end
  for byte = letter:byte() + 1, ('p'):byte() do
    local path = stem .. string.char(byte)
    local stat = vim.uv.fs_stat(path)
    if stat then
      local ok, swap, needless = pcall(look, api.nvim_buf_get_name(buf), path)
      if ok and needless then vim.uv.fs_unlink(path) elseif ok then newest = newest or swap end
    end
  end
  if newest then api.nvim_set_option_value('readonly', true, { buf = buf }) end
  return newest
end

--- The swap files met since it was asked last.
---@return kra.Swap[]
function M.take()
  local out = found
  found = {}
  return out
end

return M
