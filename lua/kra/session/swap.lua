-- What a restore answers when a file has a swap file: never "edit anyway". Read-only, and the user is told whose it is.
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

---@return kra.Swap
local function look(path, swap)
  local info = vim.fn.swapinfo(swap)
  local pid = tonumber(info.pid) or 0
  local here = info.host == nil or info.host == '' or info.host == vim.uv.os_gethostname():sub(1, #info.host)
  local alive = pid > 0 and here and vim.uv.kill(pid, 0) == 0 and pid ~= vim.uv.os_getpid()
  return { path = path, swap = swap, pid = pid, alive = alive, pane = alive and environment_of(pid, 'TMUX_PANE') or nil }
end

--- Our answer stands while `work` runs. It comes after Neovim's own handler, which would choose "edit" for a living owner.
function M.with(work)
  local id = api.nvim_create_autocmd('SwapExists', {
    desc = 'kra: open read-only beside a swap file',
    callback = function(event)
      local ok, swap = pcall(look, event.file, vim.v.swapname)
      table.insert(found, ok and swap or { path = event.file, swap = vim.v.swapname, pid = 0, alive = false })
      vim.v.swapchoice = 'o'
    end,
  })
  local ok, err = pcall(work)
  pcall(api.nvim_del_autocmd, id)
  if not ok then error(err, 0) end
end

--- The swap files met since it was asked last.
---@return kra.Swap[]
function M.take()
  local out = found
  found = {}
  return out
end

return M
