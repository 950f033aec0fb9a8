-- One word for the status line, made when something happens and only read when the line is drawn.
local M = {}

local connected, paused, saved_at = false, false, nil
local text = ''
local parts = {} ---@type table<string, string> words of others, by name

local function update()
  local now = paused and 'kra paused' or not connected and (saved_at and 'kra off' or '') or saved_at and ('kra ' .. saved_at) or 'kra'
  local names = vim.tbl_keys(parts)
  table.sort(names)
  for _, name in ipairs(names) do now = now == '' and parts[name] or (now .. ' ' .. parts[name]) end
  if now == text then return end
  text = now
  vim.schedule(function() pcall(vim.api.nvim_command, 'redrawstatus') end)
end

--- A word of another part, shown after ours; an empty one takes it away.
---@param name string
---@param value string
function M.set_part(name, value)
  parts[name] = value ~= '' and value or nil
  update()
end

function M.set_connected(value) connected = value update() end
function M.set_paused(value) paused = value update() end

---@param data {ok: boolean}
function M.saved(data)
  if data.ok == false then return end
  saved_at = os.date('%H:%M')
  update()
end

--- `kra 14:03` (saved then), `kra` (connected), `kra paused`, `kra off` (no daemon since), or nothing.
---@return string
function M.text() return text end

return M
