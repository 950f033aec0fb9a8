-- Edits as they happen. on_lines keeps the new lines themselves, so that they can be sent even where no buffer can be read any more; above
-- 64 KiB a flag takes their place, and the swap file is the net. One edit costs less than a microsecond.
local M = {}
local api = vim.api
local clock = require('kra.draft.clock')
local net = require('kra.draft.net')
local pack = require('kra.draft.pack')
local records = require('kra.draft.records')

local KEPT_BYTES, KEPT_LINES, BESIDE_BYTES = 64 * 1024, 1000, 1024 * 1024

local get_lines = api.nvim_buf_get_lines
local poke = clock.poke
local concat = table.concat
local all = records.all()
local failed ---@type fun(buf: integer, err: any)

-- The first edit since the buffer was as its file. Its text is kept until it was sent: a signal may come before.
---@return boolean read this edit is in what was read
local function begin(rec)
  rec.dirty = true
  if rec.sent or rec.early or rec.rescan or rec.scan or rec.private then return false end
  local known = vim.deepcopy(rec.known or {})
  if api.nvim_buf_get_offset(rec.buf, api.nvim_buf_line_count(rec.buf)) > records.LARGE then
    net.begin(rec, pack.FILE, known)
    return false
  end
  rec.early = get_lines(rec.buf, 0, -1, false)
  known.scan, known.part, known.final, known.text = 0, 0, true, concat(rec.early, '\n')
  net.begin(rec, pack.TEXT, known)
  return true
end

-- The row of edits is broken; M.begin_scan() tells the net.
local function give_up(rec) rec.rescan, rec.edits, rec.bytes, rec.early = true, {}, 0, nil end

-- While a whole text is being read in pieces only what lies before the place that it reached is an edit of it; the rest is read later.
---@param scan kra.Scan
---@return integer? last nil: nothing to keep
local function beside_scan(scan, first, last, new_last)
  if first > scan.row or (first == scan.row and scan.column == 0) then return nil end
  if last > scan.row then
    if scan.column > 0 then -- in the middle of a line that is another one now
      scan.broken = true
      return nil
    end
    last, scan.row = scan.row, new_last
  else
    scan.row = scan.row + new_last - last
  end
  return last
end

-- By how many bytes the list grew.
---@param list kra.Edit[]
local function add(list, first, last, count, text)
  local size = #list
  local before = list[size]
  -- Typing changes one line again and again.
  if count == 1 and before and before[1] == first and before[3] == 1 and last == first + 1 then
    local grown = #text - #before[4]
    before[4] = text
    return grown
  end
  list[size + 1] = { first, last, count, text }
  return #text + 16
end

local function keep(rec, first, last, new_last, old_bytes)
  if rec.rescan or rec.private then return end
  local count = new_last - first
  local scan = rec.scan ---@type kra.Scan?
  local beside = scan and beside_scan(scan, first, last, new_last)
  if scan and scan.alone then rec.gap = true end
  if scan and scan.alone and not beside then return end
  if count > KEPT_LINES or old_bytes > KEPT_BYTES and count > 0 then return give_up(rec) end
  local text
  if count == 1 then text = get_lines(rec.buf, first, new_last, false)[1]
  else text = count > 0 and concat(get_lines(rec.buf, first, new_last, false), '\n') or '' end
  if scan and beside then
    scan.edited = scan.edited + add(scan.edits, first, beside, count, text)
    if scan.edited > BESIDE_BYTES then scan.broken = true end
    if scan.alone then return end
  end
  rec.bytes = rec.bytes + add(rec.edits, first, last, count, text)
  if rec.bytes > KEPT_BYTES then return give_up(rec) end
  net.edit(rec, first, last, count, text)
end

local function changed(buf, first, last, new_last, old_bytes)
  local rec = all[buf]
  if not rec then return true end
  if not rec.dirty and begin(rec) then return poke() end
  rec.dirty = true -- what was there before may have had to go
  keep(rec, first, last, new_last, old_bytes)
  poke()
end

local function on_lines(_, buf, _, first, last, new_last, old_bytes)
  local ok, result = pcall(changed, buf, first, last, new_last, old_bytes)
  if ok then return result end
  failed(buf, result)
end

--- Begins to keep what changes in `buf`. `hooks.failed` is called when something of ours goes wrong, `gone` when the buffer is
--- unloaded without an event.
---@param buf integer
---@param hooks {failed: fun(buf: integer, err: any), gone: fun(buf: integer), reloaded: fun(buf: integer)}
---@return kra.Draft?
function M.attach(buf, hooks)
  failed = hooks.failed
  if all[buf] or not api.nvim_buf_is_loaded(buf) then return all[buf] end
  local rec = records.add(buf)
  local attached = api.nvim_buf_attach(buf, false, {
    on_lines = on_lines,
    on_reload = function(_, number) hooks.reloaded(number) end,
    on_detach = function(_, number)
      if all[number] == rec then hooks.gone(number) end
    end,
  })
  if not attached then
    records.remove(buf)
    return nil
  end
  records.rebase(rec)
  return rec
end

return M
