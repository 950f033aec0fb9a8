-- The net under what is typed. Each edit is copied into memory that outlives this process (libkra.so), until the journal has it: where Neovim
-- ends without any event, as it does on SIGKILL, that is what is taken in. Where the library is not there, an edit is safe with the next flush.
--
--   on_lines ─▶ net ── flush ─▶ queue ── acknowledged ─▶ empty again
local M = {}
local pack = require('kra.draft.pack')

---@class kra.Net
---@field edit fun(rec: kra.Draft, first: integer, last: integer, count: integer, text: string): boolean false: no room
---@field add fun(kind: integer, payload: string): boolean
---@field empty fun(wipe?: boolean)
---@field close fun(remove: boolean)

local net ---@type kra.Net|false|nil false: there is none
local editor ---@type table
local on_full ---@type fun()
local entries = 0 -- that were ever put
local full = false -- until it is empty again
local settled, settled_seq = 0, 0 -- with the record settled_seq the journal has the first `settled` entries

---@param editor_record table
---@param act fun() puts all there is into the journal, now
function M.start(editor_record, act)
  editor, on_full = editor_record, act
end

local function open()
  local make = require('kra.native').net
  net = make and make(require('kra.draft.journal').nets(), pack.payload(0, editor)) or false
end

-- What is left out of the net breaks the row of edits that it holds of this buffer.
local function put(rec, done)
  if done then
    entries, rec.gap = entries + 1, false
    return
  end
  rec.gap = true
  if full then return end
  full = true
  on_full()
end

--- One edit of a buffer, the newest of rec.edits.
---@param rec kra.Draft
function M.edit(rec, first, last, count, text)
  if net == nil then open() end
  if not net then return end
  put(rec, not full and net.edit(rec, first, last, count, text))
end

--- The first edit of a text that the journal does not know: `map` says what it was, for a record of this kind.
---@param rec kra.Draft
---@param kind integer
---@param map table
function M.begin(rec, kind, map)
  if net == nil then open() end
  if not net then return end
  map.buffer, map.after = rec.id, rec.seq
  put(rec, not full and net.add(kind, pack.payload(0, map)))
end

--- What was kept of a buffer ended.
---@param rec kra.Draft
---@param why string
function M.ended(rec, why)
  if not net or entries == settled then return end
  put(rec, not full and net.add(pack.ENDED, pack.payload(0, { buffer = rec.id, why = why, after = rec.seq })))
end

local function empty()
  if net and entries > 0 then net.empty() end
  entries, settled, full = 0, 0, false
end

--- Every edit so far is in the records up to `seq`; all of them are kept already when it is nil.
---@param seq? integer
function M.settle(seq)
  if not seq then return empty() end
  settled, settled_seq = entries, seq
end

--- What the records said was dropped.
function M.unsettle() settled = 0 end

--- The journal has the records up to this one.
---@param seq integer
function M.kept(seq)
  if settled > 0 and settled == entries and seq >= settled_seq then empty() end
end

--- No byte of it is left.
function M.wipe()
  if net then net.empty(true) end
  entries, settled, full = 0, 0, false
end

--- Is each edit kept as it is made? Nil before the first one.
---@return boolean?
function M.there()
  if net == nil then return nil end
  return net ~= false
end

--- The editor ends. A net that may hold something stays for whoever finds it.
function M.stop()
  if net then net.close(entries == 0) end
  net = false
end

return M
