-- What is known of each buffer whose text is kept.
local M = {}
local api = vim.api
local uv = vim.uv

---@class kra.Base what the buffer was read from or written to last
---@field dev integer
---@field ino integer
---@field size integer
---@field mtime_ns integer
---@field hash? string of the file's bytes, 16 hexadecimal digits

---@class kra.Edit [1] first line (from 0), [2] end of the lines that were replaced, [3] how many stand there now, [4] their text

---@class kra.Draft
---@field buf integer
---@field id string of the buffer, within this editor; it stays the same over writes and renames
---@field base? kra.Base
---@field dirty boolean something was not sent yet
---@field sent boolean the journal has a text of it
---@field edits kra.Edit[] since what was sent last
---@field bytes integer of the edits
---@field rescan boolean the edits are not complete: the whole text is sent next
---@field early? string[] the text at the first edit, as long as none was sent
---@field scan? kra.Scan under way
---@field grown integer bytes of edits since the last whole text
---@field tick integer changedtick of what was sent last
---@field meta? string what was told about it, packed
---@field seq integer of the newest record that says what its text is
---@field gap boolean the net lacks something of it
---@field private boolean nothing of it may be kept
---@field known? table meta as it was when the file was read or written last
---@field based? boolean what the journal has are changes of the file as it was then
---@field from? string the stored draft that this text was
---@field file? string beside the journal, with the text that it had last as a whole
---@field undo? {tick: integer, file: string, at: integer, pause: integer}

--- Bytes above which a text is not read in one go.
M.LARGE = 256 * 1024

local all = {} ---@type table<integer, kra.Draft>
local made = 0

--- By buffer number.
---@return table<integer, kra.Draft>
function M.all() return all end

---@return kra.Draft?
function M.get(buf) return all[buf] end

function M.new_id()
  made = made + 1
  return ('%s-%d'):format(require('kra.rpc').identity().id:sub(1, 12), made)
end

---@return kra.Draft
function M.add(buf)
  all[buf] = { buf = buf, id = M.new_id(), dirty = false, sent = false, edits = {}, bytes = 0, rescan = false, grown = 0, tick = -1,
    seq = 0, gap = false, private = false }
  return all[buf]
end

function M.remove(buf) all[buf] = nil end

--- Nothing of it is in the journal any more: the next text is another draft, unless `same`.
---@param rec kra.Draft
---@param same? boolean
function M.reset(rec, same)
  rec.dirty, rec.sent, rec.edits, rec.bytes, rec.rescan, rec.early, rec.scan, rec.grown = false, false, {}, 0, false, nil, nil, 0
  rec.meta, rec.undo, rec.based = nil, nil, nil
  if not same then rec.id, rec.seq = M.new_id(), 0 end
end

--- Has the journal a text of it that its edits are changes of?
---@param rec kra.Draft
function M.follows(rec) return rec.sent and not (rec.rescan or rec.scan and rec.scan.alone) end

--- Is all of it in records, or nothing to keep?
---@param rec kra.Draft
function M.settled(rec) return not (rec.dirty or rec.rescan or rec.scan and rec.scan.alone) and #rec.edits == 0 end

--- The file as it is now.
---@param path string
---@return kra.Base?
function M.identity(path)
  local stat = uv.fs_stat(path)
  if not stat or stat.type ~= 'file' then return nil end
  return { dev = stat.dev, ino = stat.ino, size = stat.size, mtime_ns = stat.mtime.sec * 1e9 + stat.mtime.nsec }
end

---@param a kra.Base?
---@param b kra.Base?
function M.same(a, b)
  if not a or not b then return a == b end
  return a.dev == b.dev and a.ino == b.ino and a.size == b.size and math.abs(a.mtime_ns - b.mtime_ns) < 1000
end

--- The file was read or written: what follows is a change of this.
---@param rec kra.Draft
function M.rebase(rec)
  local name = api.nvim_buf_get_name(rec.buf)
  local before = rec.base
  rec.base = name ~= '' and M.identity(name) or nil
  -- What is kept are changes of a file that is not there any more.
  local leans = rec.based or (rec.dirty and not (rec.sent or rec.early))
  if leans and not M.same(before, rec.base) then rec.rescan, rec.dirty = true, true end
end

local HASHED = 256 * 1024

-- So that a file that was only touched is known to be the same. Read when it is needed first, and only while it is still the base.
local function hash(rec, name)
  local base = rec.base
  if not base or base.hash or base.size > HASHED then return end
  local hash64 = require('kra.native').hash64
  local file = hash64 and M.same(M.identity(name), base) and io.open(name, 'rb')
  if not file then return end
  local bytes = file:read('*a')
  file:close()
  if bytes and #bytes == base.size then base.hash = hash64(bytes) end
end

--- All that is needed to make the buffer again, but its text.
---@param rec kra.Draft
---@return table
function M.meta(rec)
  local buf, option = rec.buf, api.nvim_get_option_value
  local at = { buf = buf }
  local name = api.nvim_buf_get_name(buf)
  hash(rec, name)
  return {
    buffer = rec.id, path = name ~= '' and name or nil, base = rec.base, encoding = option('fileencoding', at), fileformat = option('fileformat', at),
    bomb = option('bomb', at), eol = option('endofline', at), filetype = option('filetype', at), binary = option('binary', at) or nil,
    cwd = vim.fn.getcwd(-1, -1),
  }
end

--- Where the cursor is, or was left: line from 1, byte column from 0.
---@return integer[]
function M.cursor(buf)
  if api.nvim_get_current_buf() == buf then return api.nvim_win_get_cursor(0) end
  local win = vim.fn.bufwinid(buf)
  if win > 0 then return api.nvim_win_get_cursor(win) end
  local mark = api.nvim_buf_get_mark(buf, '"')
  return { math.max(1, mark[1]), mark[2] }
end

return M
