--- Writes a generation as doc/format.md says, without kra: what a later kra must still read.
local bit = require('bit')
local M = {}

local function crc32c(bytes)
  local rest = -1
  for i = 1, #bytes do
    rest = bit.bxor(rest, bytes:byte(i))
    for _ = 1, 8 do rest = bit.bxor(bit.rshift(rest, 1), bit.band(rest, 1) == 1 and 0x82f63b78 or 0) end
  end
  return bit.bnot(rest)
end

local function big_endian(number, width)
  local out = {}
  for i = width, 1, -1 do out[i], number = string.char(number % 256), math.floor(number / 256) end
  return table.concat(out)
end

local function header(front, body)
  local head = '\x89kra\r\n\x1a\n' .. big_endian(1, 2) .. big_endian(0, 2) .. big_endian(#front, 4) .. big_endian(#body, 8)
    .. big_endian(crc32c(front) % 2 ^ 32, 4) .. big_endian(crc32c(body) % 2 ^ 32, 4)
  return head .. big_endian(crc32c(head) % 2 ^ 32, 4)
end

--- A workspace of one window with these panes, stored in the world; gives what names its panes: ID/0, ID/1, …
---@param world kra.test.World
---@param panes table[] as doc/format.md lists their keys
---@param host? string
function M.write(world, panes, host)
  local workspace = {
    host = host or vim.uv.os_gethostname(),
    sessions = { { name = 'main', windows = { { index = 0, name = 'w', active = true, panes = panes } } } },
    editors = {},
  }
  local front = vim.mpack.encode({
    stamp = { generation = 1, saved_at = 0, reason = 'manual', message = '', server = world.socket, release = '0' },
    counts = { sessions = 1, windows = 1, panes = #panes, editors = 0 },
  })
  local body = vim.mpack.encode(workspace)
  world:write(world.env.KRA_STATE_DIR .. '/workspaces/server-1/work-1/00000001.kra', header(front, body) .. front .. body)
  return 'server-1/work-1/1'
end

return M
