-- Data from outside is looked at before it is used: what has the wrong type or lies out of range is left out.
local M = {}

local MAX_DEPTH, MAX_TEXT = 12, 1024 * 1024

--- A whole number within limits, else `default`.
---@return integer
function M.number(value, low, high, default)
  if type(value) ~= 'number' or value ~= value or value ~= math.floor(value) then return default end
  return math.max(low, math.min(high, value))
end

---@return string?
function M.text(value)
  if type(value) == 'string' and #value <= MAX_TEXT and not value:find('%z') then return value end
end

--- An absolute path as bytes. NUL can be in none.
---@return string?
function M.path(value)
  local path = M.text(value)
  if path and path:sub(1, 1) == '/' and #path > 1 and #path < 4096 then return path end
end

---@return table
function M.list(value, limit)
  if type(value) ~= 'table' then return {} end
  local out = {}
  for i = 1, math.min(#value, limit or 65000) do out[i] = value[i] end
  return out
end

---@return string[]
function M.texts(value, limit)
  local out = {}
  for _, entry in ipairs(M.list(value, limit)) do
    local text = M.text(entry)
    if text then table.insert(out, text) end
  end
  return out
end

local function plain(value, depth)
  local kind = type(value)
  if kind == 'string' or kind == 'number' or kind == 'boolean' then return value end
  if kind ~= 'table' or depth > MAX_DEPTH then return nil end
  local out = vim.islist(value) and {} or vim.empty_dict()
  for key, entry in pairs(value) do
    if type(key) == 'string' or type(key) == 'number' then out[key] = plain(entry, depth + 1) end
  end
  return out
end

--- The part of a value that is plain data: functions, userdata and what lies too deep are gone.
function M.plain(value) return plain(value, 1) end

return M
