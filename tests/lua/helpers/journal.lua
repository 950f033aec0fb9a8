--- Reads draft journals by the words of doc/format.md, independent of kra's own reader: what text would come back?
local M = {}

local MARK = '\245\107\100\10'

local function crc32c(bytes)
  local bit = require('bit')
  local crc = -1
  for i = 1, #bytes do
    crc = bit.bxor(crc, bytes:byte(i))
    for _ = 1, 8 do
      local odd = bit.band(crc, 1) == 1
      crc = bit.rshift(crc, 1)
      if odd then crc = bit.bxor(crc, 0x82F63B78) end
    end
  end
  return bit.bnot(crc)
end

local function number(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return a + b * 256 + c * 65536 + d * 16777216
end

--- Every whole record, in the order of the file.
---@return {kind: integer, seq: integer, map: table}[]
function M.records(bytes, unchecked)
  local out, at = {}, 1
  while true do
    at = bytes:find(MARK, at, true)
    if not at then return out end
    local size, kind = number(bytes, at + 4), bytes:byte(at + 8)
    local payload = bytes:sub(at + 13, at + 12 + size)
    local right = #payload == size
    if right and not unchecked then right = require('bit').tobit(number(bytes, at + 9)) == crc32c(string.char(kind) .. payload) end
    if right then
      local value = vim.mpack.decode(payload)
      table.insert(out, { kind = kind, seq = value[1], map = value[2] })
      at = at + 13 + size
    else
      at = at + 1
    end
  end
end

local function lines_of(text) return vim.split(text, '\n', { plain = true }) end

--- What each buffer's text is after these records, by its id.
---@return table<string, {text: string, why?: string, meta: table, undo?: string}>
function M.replay(records)
  table.sort(records, function(a, b) return a.seq < b.seq end)
  local drafts, pieces, last = {}, {}, 0
  for _, record in ipairs(records) do
    local map = record.map
    local draft = map.buffer and drafts[map.buffer]
    if record.seq == last then goto continue end
    assert(record.seq == last + 1, ('record %d is missing'):format(last + 1))
    last = record.seq
    if record.kind == 2 then
      local scan = map.buffer .. map.scan
      if map.part == 0 then pieces[scan] = { meta = map } end
      table.insert(pieces[scan], map.text)
      if map.final then drafts[map.buffer] = { lines = lines_of(table.concat(pieces[scan])), meta = pieces[scan].meta } end
    elseif record.kind == 10 then
      local text = M.text_file(map.text_file):sub(1, map.bytes)
      -- One that was replaced may be gone.
      local wrong = #text ~= map.bytes and 'a text of which something is missing' or nil
      drafts[map.buffer] = { lines = lines_of(text), meta = map, beside = map.text_file, wrong = wrong }
    elseif record.kind == 3 then
      drafts[map.buffer] = { lines = lines_of((M.read(map.path):gsub('\n$', ''))), meta = map, based = true }
    elseif record.kind == 4 and draft then
      for _, edit in ipairs(map.edits) do
        local first, stop, count, text = unpack(edit)
        -- Of a file that is another one now; a whole text may follow.
        draft.wrong = draft.wrong or (stop > #draft.lines or first > stop) and 'an edit outside the text'
        if draft.wrong then break end
        local after = count == 0 and {} or lines_of(text)
        assert(#after == count, 'an edit with another number of lines')
        local rest = vim.list_slice(draft.lines, stop + 1)
        draft.lines = vim.list_extend(vim.list_extend(vim.list_slice(draft.lines, 1, first), after), rest)
        if #draft.lines == 0 then draft.lines = { '' } end
      end
      draft.cursor = map.cursor
    elseif record.kind == 5 and draft then
      draft.why = map.why
    elseif record.kind == 6 and draft then
      draft.undo, draft.undo_text = map.file, table.concat(draft.lines, '\n')
    elseif record.kind == 7 and draft then
      draft.meta = vim.tbl_extend('force', draft.meta, map)
    end
    ::continue::
  end
  for _, draft in pairs(drafts) do
    assert(not draft.wrong or draft.why == 'saved', draft.wrong)
    draft.text = table.concat(draft.lines, '\n')
  end
  return drafts
end

function M.read(path)
  local file = assert(io.open(path, 'rb'))
  local bytes = file:read('*a')
  file:close()
  return bytes
end

local world_of_texts ---@type kra.test.World

--- The bytes of a text beside the journal.
function M.text_file(name)
  for _, place in ipairs({ 'state', 'run' }) do
    local path = ('%s/%s/kra/drafts/texts/%s'):format(world_of_texts.dir, place, name)
    if vim.uv.fs_stat(path) then return M.read(path) end
  end
  return ''
end

--- The drafts of all journals of a world, by id.
---@param world kra.test.World
function M.drafts(world, unchecked)
  world_of_texts = world
  local out, records = {}, {}
  -- What could not be written to the first place is in the second; the two are one journal.
  for _, place in ipairs({ 'state', 'run' }) do
    for _, path in ipairs(vim.fn.glob(('%s/%s/kra/drafts/*.journal'):format(world.dir, place), true, true)) do
      local client = vim.fs.basename(path)
      records[client] = vim.list_extend(records[client] or {}, M.records(M.read(path), unchecked))
    end
  end
  for _, list in pairs(records) do out = vim.tbl_extend('error', out, M.replay(list)) end
  return out
end

--- The one draft that is not ended.
function M.only(world, unchecked)
  local found
  for _, draft in pairs(M.drafts(world, unchecked)) do
    if not draft.why then
      assert(not found, 'more than one draft')
      found = draft
    end
  end
  return found
end

return M
