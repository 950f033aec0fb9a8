-- The records of a draft journal as bytes (doc/format.md).
local M = {}
local bit = require('bit')

M.EDITOR, M.TEXT, M.FILE, M.EDITS, M.ENDED, M.UNDO, M.META, M.WHOLE = 1, 2, 3, 4, 5, 6, 7, 10

---@param seq integer
---@param map table
---@return string
function M.payload(seq, map) return vim.mpack.encode({ seq, map }) end

local crc_table ---@type integer[]?

local function make_table()
  local out = {}
  for i = 0, 255 do
    local value = i
    for _ = 1, 8 do
      local odd = bit.band(value, 1) == 1
      value = bit.rshift(value, 1)
      if odd then value = bit.bxor(value, 0x82F63B78) end
    end
    out[i] = value
  end
  return out
end

--- CRC32C (Castagnoli), for where the library is not there.
---@param bytes string
---@param before? integer the checksum of what came before
---@return integer signed, as the bit library has it
function M.crc32c(bytes, before)
  crc_table = crc_table or make_table()
  local entries, crc = crc_table, bit.bnot(before or 0)
  local bxor, band, rshift, byte = bit.bxor, bit.band, bit.rshift, string.byte
  for i = 1, #bytes do crc = bxor(entries[band(bxor(crc, byte(bytes, i)), 255)], rshift(crc, 8)) end
  return bit.bnot(crc)
end

local function little(value)
  return string.char(bit.band(value, 255), bit.band(bit.rshift(value, 8), 255), bit.band(bit.rshift(value, 16), 255), bit.rshift(value, 24))
end

local MARK = '\245\107\100\10'

--- What stands before a payload in the file: mark, length, type, checksum of type and payload.
---@param kind integer
---@param payload string
---@param crc32c? fun(bytes: string, before?: integer): integer a faster one
---@return string
function M.head(kind, payload, crc32c)
  local sum, letter = crc32c or M.crc32c, string.char(kind)
  return MARK .. little(#payload) .. letter .. little(sum(payload, sum(letter)))
end

return M
