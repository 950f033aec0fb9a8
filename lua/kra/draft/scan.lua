-- The whole text of a buffer, read in pieces, so that a buffer of 100 MB never holds up the main loop. Edits go on meanwhile: what lies
-- before the place that was reached is kept as an edit that follows the text, what lies behind it is read later. Where the journal has a text
-- already, edits go on being told as changes of that one until the new one is complete: a death in between costs nothing.
local M = {}
local api = vim.api
local uv = vim.uv

-- Strings of Lua's that are longer than twice that get their memory from the system, and give it back: page faults would cost more than the rest.
M.PIECE = 60 * 1024
local TURN_NS, LINES = 1e6, 400

---@class kra.Scan
---@field number integer
---@field row integer the line that is read next
---@field column integer and the byte in it
---@field part integer
---@field held string[] read, not given yet
---@field bytes integer of held
---@field broken? boolean it has to begin again
---@field meta? table of the first piece
---@field edits kra.Edit[] that follow it
---@field edited integer their bytes
---@field alone boolean the journal has no text that the edits meanwhile are changes of

local numbers = 0

---@param rec kra.Draft
---@param meta table
function M.begin(rec, meta)
  numbers = numbers + 1
  local alone = rec.rescan or not rec.sent
  rec.scan = { number = numbers, row = 0, column = 0, part = 0, held = {}, bytes = 0, meta = meta, edits = {}, edited = 0, alone = alone }
  if alone then rec.edits, rec.bytes = {}, 0 end
  rec.rescan = false
end

local function give(rec, scan, final, put)
  local map = scan.meta or { buffer = rec.id }
  scan.meta = nil
  map.scan, map.part, map.final, map.text = scan.number, scan.part, final, #scan.held == 1 and scan.held[1] or table.concat(scan.held)
  scan.part, scan.held, scan.bytes = scan.part + 1, {}, 0
  put(map)
end

local function hold(scan, text)
  scan.held[#scan.held + 1] = text
  scan.bytes = scan.bytes + #text
end

-- A part of a line that is longer than a piece.
local function long_line(rec, scan, size)
  local stop = math.min(size, scan.column + M.PIECE)
  local text = api.nvim_buf_get_text(rec.buf, scan.row, scan.column, scan.row, stop, {})[1]
  hold(scan, text)
  scan.column = stop
  if stop == size then scan.row, scan.column = scan.row + 1, 0 end
end

---@param total integer lines of the buffer
---@param from integer the byte at which the row begins
---@return integer from of the row that is read next
local function step(rec, scan, total, from)
  local offset = api.nvim_buf_get_offset
  local count = math.min(LINES, total - scan.row)
  local upto = offset(rec.buf, scan.row + count)
  while upto - from > M.PIECE and count > 1 do
    count = math.max(1, math.floor(count / 2))
    upto = offset(rec.buf, scan.row + count)
  end
  local follows = scan.column == 0 and scan.row > 0
  if upto - from - 1 > M.PIECE then
    if follows then hold(scan, '\n') end
    long_line(rec, scan, upto - from - 1)
    return scan.column == 0 and upto or from
  end
  local lines = api.nvim_buf_get_lines(rec.buf, scan.row, scan.row + count, false)
  if follows then lines[0] = '' end
  hold(scan, table.concat(lines, '\n', follows and 0 or 1))
  scan.row = scan.row + count
  return upto
end

--- Reads on for one turn of the loop, or to the end when `all`. `put` gets the pieces as they fill.
---@param rec kra.Draft
---@param put fun(map: table)
---@param all? boolean
---@return boolean done the whole text was given
function M.turn(rec, put, all)
  local scan, started = rec.scan, uv.hrtime()
  -- Nobody edits within a turn.
  local total = api.nvim_buf_line_count(rec.buf)
  local from = scan.row < total and api.nvim_buf_get_offset(rec.buf, scan.row)
  while scan.row < total do
    from = step(rec, scan, total, from)
    if scan.bytes >= M.PIECE / 2 then give(rec, scan, false, put) end
    if not all and uv.hrtime() - started > TURN_NS then return false end
  end
  give(rec, scan, true, put)
  rec.scan = nil
  return true
end

return M
