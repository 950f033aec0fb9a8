-- An account packed for the daemon. Its many buffers change seldom, so each is packed once and its bytes are put in their place;
-- MessagePack lets parts be joined.
local M = {}

local known = setmetatable({}, { __mode = 'k' }) ---@type table<table, string>

local function of(value)
  local bytes = known[value]
  if not bytes then
    bytes = vim.mpack.encode(value)
    known[value] = bytes
  end
  return bytes
end

local function header(count, short, wide)
  if count < 16 then return string.char(short + count) end
  return string.char(wide, math.floor(count / 256) % 256, count % 256)
end

-- A list of tables that are never changed once they were handed out.
local function list(values)
  local parts = { header(#values, 0x90, 0xdc) }
  for i, value in ipairs(values) do parts[i + 1] = of(value) end
  return table.concat(parts)
end

-- A map; some of its values are packed already.
local function map(values, packed)
  local parts = {}
  for key, value in pairs(values) do
    if not packed[key] then table.insert(parts, vim.mpack.encode(key) .. vim.mpack.encode(value)) end
  end
  for key, bytes in pairs(packed) do table.insert(parts, vim.mpack.encode(key) .. bytes) end
  return header(#parts, 0x80, 0xde) .. table.concat(parts)
end

---@param account {cwd: string, tabs: integer, buffers: table[], state: kra.State}
---@return string
function M.account(account)
  local state = map(account.state, { buffers = list(account.state.buffers) })
  return map(account, { buffers = list(account.buffers), state = state })
end

return M
