-- Unsaved text. Edits are kept as they happen (draft/track), packed when it is quiet (here), and go to this editor's journal through the
-- daemon or by hand (draft/sink). A text is known to the journal as long as its buffer is modified; then it ends with a reason.
--
--   on_lines ─▶ records ─ debounce ─▶ flush ─┬▶ whole text, in pieces   ┐
--                                            └▶ edits since the last    ├▶ sink ─▶ daemon, or the file itself
--   write, discard, close ──────────────────▶  end                      ┘
local M = {}
local api = vim.api
local uv = vim.uv
local clock = require('kra.draft.clock')
local net = require('kra.draft.net')
local pack = require('kra.draft.pack')
local records = require('kra.draft.records')
local sink = require('kra.draft.sink')
local whole = require('kra.draft.whole')

local SCAN_PAUSE_MS, GROWN_LEAST, LAST_FLUSH_NS = 1, 1024 * 1024, 500e6

local started = false
local too_large = {} ---@type table<integer, boolean> told once
local flushes, beside = 0, 0 -- bytes that were written beside the journal

local function config() return require('kra.config').get().drafts end

--- Why the text of a buffer is not kept, or nil.
---@param buf integer
---@return string?
function M.excluded(buf)
  if api.nvim_get_option_value('buftype', { buf = buf }) ~= '' then return 'buftype' end
  local belongs, reason = require('kra.buffers').check(buf, true)
  if not belongs then return reason end
  reason = require('kra.draft.privacy').reason(buf)
  if reason then return reason end
  local ok, size = pcall(api.nvim_buf_get_offset, buf, api.nvim_buf_line_count(buf))
  if ok and size > config().max_buffer_bytes then return 'larger than drafts.max_buffer_bytes' end
end

-- A whole text, or its last piece. The text that was taken over ends where it was when ours is in the journal.
local function put_text(rec, kind, map)
  local from, file = rec.from, rec.file
  rec.from, rec.file = nil, map.text_file
  rec.seq = sink.put(kind, map, (from or file) and function()
    if from then require('kra.draft.store').finish(from, 'recovered') end
    if file then whole.drop(file) end
  end or nil)
end

local function put_scan(rec, map)
  if map.final then return put_text(rec, pack.TEXT, map) end
  sink.put(pack.TEXT, map)
end

--- `buf` holds the text of the stored draft `id` from now on.
function M.took_over(buf, id)
  local rec = records.get(buf)
  if not rec then return end
  -- All of it is told, even when only a little of it is new here: with a whole text the stored one ends.
  rec.from, rec.dirty, rec.rescan = id, true, true
  clock.poke()
end

--- What was kept of a draft comes to nothing, for a reason: `saved`, `discarded`, `closed` or `recovered`.
---@param rec kra.Draft
---@param why string
function M.ended(rec, why)
  net.ended(rec, why)
  if rec.sent or rec.scan then
    local file = why ~= 'discarded' and rec.file
    rec.seq = sink.put(pack.ENDED, { buffer = rec.id, why = why, at = M.now() }, file and function() whole.drop(file) end or nil)
    rec.file = nil
    sink.send()
  end
  if rec.from and why == 'saved' then require('kra.draft.store').finish(rec.from, 'recovered') end
  rec.from = nil
  records.reset(rec, why == 'saved')
  require('kra.draft.alive').update()
end

function M.now()
  local seconds, micro = uv.gettimeofday()
  return seconds * 1000 + math.floor(micro / 1000)
end

-- Tells what changed beside the text. Part of the first piece of a whole text.
local function tell_meta(rec, meta)
  local packed = vim.mpack.encode(meta)
  if rec.meta == packed then return end
  if rec.meta then sink.put(pack.META, vim.tbl_extend('force', meta, { at = M.now() })) end
  rec.meta = packed
end

local function send_edits(rec)
  if #rec.edits == 0 then return end
  local edits = rec.edits
  local tick, cursor = api.nvim_buf_get_changedtick(rec.buf), records.cursor(rec.buf)
  rec.seq = sink.put(pack.EDITS, { buffer = rec.id, tick = tick, cursor = cursor, edits = edits, at = M.now() })
  rec.grown = rec.grown + rec.bytes
  rec.edits, rec.bytes = {}, 0
end

-- All of a long text at once, by Neovim's own hand.
local function write_whole(rec, sync)
  local written = whole.better(rec) and whole.write(rec, sync)
  if not written then return false end
  M.begin_scan(rec)
  put_text(rec, pack.WHOLE, vim.tbl_extend('force', rec.scan.meta, written))
  beside = beside + written.bytes
  rec.scan, rec.sent, rec.early, rec.based, rec.edits, rec.bytes = nil, true, nil, nil, {}, 0
  return true
end

-- On with a whole text. True when it is complete.
local function scan_on(rec, all, sync)
  if all and write_whole(rec, sync) then return true end
  local scan
  local taken = true
  while true do
    if rec.scan.broken or rec.rescan then M.begin_scan(rec) end
    scan = rec.scan
    local done = require('kra.draft.scan').turn(rec, function(map)
      put_scan(rec, map)
      -- A long text goes out as it is read, so that it is not held twice.
      if all and taken then taken = sink.append() end
    end, all)
    if not done then return false end
    if not rec.rescan then break end
  end
  rec.sent, rec.early, rec.based = true, nil, nil
  rec.edits, rec.bytes = scan.edits, scan.edited
  send_edits(rec)
  return true
end

local function put_file(rec)
  rec.seq = sink.put(pack.FILE, vim.tbl_extend('force', rec.known, { buffer = rec.id, at = M.now() }))
  rec.meta = vim.mpack.encode(rec.known)
  rec.sent, rec.based = true, true
end

-- A large file that was only changed: its changes are kept at once. All of its text follows, so that it does not hang on the file.
local function tell_file(rec)
  local known = rec.known
  if rec.early or not (known and known.base and known.path) then return end
  if api.nvim_buf_get_offset(rec.buf, api.nvim_buf_line_count(rec.buf)) <= records.LARGE then return end
  if not records.same(records.identity(known.path), known.base) then return end
  put_file(rec)
end

function M.begin_scan(rec)
  rec.gap = rec.gap or rec.rescan
  local meta = records.meta(rec)
  rec.meta, rec.grown = vim.mpack.encode(meta), 0
  meta.cursor, meta.tick, meta.at = records.cursor(rec.buf), api.nvim_buf_get_changedtick(rec.buf), M.now()
  require('kra.draft.scan').begin(rec, meta)
end

local function grown(rec)
  if rec.grown < GROWN_LEAST then return false end
  return rec.grown > GROWN_LEAST + 2 * api.nvim_buf_get_offset(rec.buf, api.nvim_buf_line_count(rec.buf))
end

--- From now on nothing of it may be kept, or all of it again.
---@param rec kra.Draft
---@param private boolean
function M.hide(rec, private)
  if rec.private == private then return end
  rec.private = private
  if private then net.wipe() else rec.rescan = true end
end

-- Packs what one buffer has. True when nothing of it is left to read.
local function flush_one(rec, all, sync)
  local buf = rec.buf
  if not api.nvim_buf_is_loaded(buf) then return true end
  if not api.nvim_get_option_value('modified', { buf = buf }) then
    M.ended(rec, 'saved')
    return true
  end
  local reason = M.excluded(buf)
  if reason then
    if reason:find('^larger') and not too_large[buf] then
      too_large[buf] = true
      local text = vim.fn.fnamemodify(api.nvim_buf_get_name(buf), ':~:.') .. ' is too large: its unsaved text is not kept'
      require('kra.notify').problem({ code = 'draft_size', text = text, cure = 'drafts.max_buffer_bytes' })
    end
    if rec.sent then M.ended(rec, 'closed') end
    records.reset(rec, true)
    M.hide(rec, true)
    return true
  end
  M.hide(rec, false)
  if not (rec.sent or rec.rescan or rec.scan) then tell_file(rec) end
  local follows = records.follows(rec)
  if follows and rec.dirty then
    tell_meta(rec, records.meta(rec))
    send_edits(rec)
  end
  rec.dirty = false
  if not rec.scan and (not follows or rec.based or grown(rec)) then M.begin_scan(rec) end
  if not rec.scan then return true end
  -- Nobody waits for a text that is kept in another way already.
  return not (all and follows) and scan_on(rec, all, sync)
end

-- Something of ours went wrong: what is known goes out at once, and typing goes on.
local function trouble(buf, err)
  local rec = records.get(buf)
  if rec then rec.rescan, rec.edits, rec.bytes = true, {}, 0 end
  vim.schedule(function()
    local text = 'keeping unsaved text failed and begins again: ' .. tostring(err)
    require('kra.notify').problem({ code = 'draft_failed', text = text, cure = ':checkhealth kra' })
    M.flush()
  end)
end

-- Where every buffer's edits are in records the net is of no use any more as soon as those are kept.
local function settle()
  for _, rec in pairs(records.all()) do
    if not records.settled(rec) then return end
  end
  net.settle(sink.pending())
end

local function each_dirty(act)
  local left = false
  for buf, rec in pairs(records.all()) do
    if rec.dirty or rec.scan then
      local ok, done = pcall(act, rec)
      if not ok then
        records.reset(rec, true)
        rec.dirty, rec.rescan = true, true
        trouble(buf, done)
      elseif not done then
        left = true
      end
    end
  end
  return left
end

--- Packs all that changed and sends it. `now`: all of it, and here, not by the daemon; comes back when it is in the journal.
---@param now? boolean
---@param sync? boolean until it is on the disk
function M.flush(now, sync)
  if not started then return end
  clock.rest()
  local before, held = uv.hrtime(), sink.held()
  beside = 0
  local left = each_dirty(function(rec)
    return flush_one(rec, now and uv.hrtime() - before < LAST_FLUSH_NS, sync)
  end)
  local bytes = math.max(0, sink.held() - held) + beside
  settle()
  local kept = not now or sink.append(sync)
  if not now then sink.send() end
  if left then clock.again(sink.busy() and 10 * SCAN_PAUSE_MS or SCAN_PAUSE_MS) end
  flushes = flushes + 1
  require('kra.draft.alive').update()
  require('kra.draft.alive').measure('draft', (uv.hrtime() - before) / 1e6, kept, { bytes = bytes })
  if not left then require('kra.draft.undo').poke() end
end

--- Where no buffer can be read: what the edits left is appended. Nothing here asks Neovim anything.
function M.emergency()
  for _, rec in pairs(records.all()) do
    if (rec.dirty or #rec.edits > 0) and not (rec.rescan or rec.scan and rec.scan.alone or rec.private) then
      local edits = rec.edits
      if not rec.sent and rec.early then
        local text = { buffer = rec.id, scan = 0, part = 0, final = true, text = table.concat(rec.early, '\n') }
        rec.seq = sink.put(pack.TEXT, vim.tbl_extend('force', rec.known or {}, text))
        rec.sent = true
      elseif not rec.sent and rec.known then
        put_file(rec)
      end
      if #edits > 0 and rec.sent then rec.seq = sink.put(pack.EDITS, { buffer = rec.id, tick = 0, edits = edits, at = M.now() }) end
      rec.edits, rec.bytes, rec.dirty, rec.early = {}, 0, false, nil
    end
  end
  settle()
  return sink.append() -- what Neovim does next must not wait for the disk
end

local function gone(buf)
  local rec = records.get(buf)
  if not rec then return end
  if rec.dirty or rec.sent then
    M.emergency()
    M.ended(rec, 'discarded')
  end
  records.remove(buf)
end

local hooks = {
  failed = trouble,
  gone = gone,
  reloaded = function(buf)
    local rec = records.get(buf)
    if not rec then return end
    vim.schedule(function()
      if api.nvim_buf_is_loaded(buf) then records.rebase(rec) end
    end)
  end,
}

--- Begins to keep a buffer, if it may.
---@param buf integer
function M.attach(buf)
  if not started or records.get(buf) or not api.nvim_buf_is_loaded(buf) or M.excluded(buf) then return end
  local rec = require('kra.draft.track').attach(buf, hooks)
  if not rec then return end
  rec.known = records.meta(rec)
  if api.nvim_get_option_value('modified', { buf = buf }) then
    rec.dirty, rec.rescan = true, true
    clock.poke()
  end
end

--- Every trace of this file is being removed: what was not sent yet is dropped too.
---@param path string
function M.forget(path)
  for buf, rec in pairs(records.all()) do
    if api.nvim_buf_is_valid(buf) and api.nvim_buf_get_name(buf) == path then records.reset(rec) end
  end
  M.emergency() -- of the others
  net.wipe()
end

--- The text of the file as it is now is in the buffer: what follows is a change of that.
---@param buf integer
function M.rebased(buf)
  local rec = records.get(buf)
  if not rec then return end
  records.rebase(rec)
  if rec.known then rec.known.base = rec.base end
  if rec.sent then
    rec.dirty = true
    clock.poke()
  end
end

--- The id of a buffer's draft, for the session; made for each buffer that is watched.
---@param buf integer
---@return string?
function M.id(buf)
  local rec = records.get(buf)
  return rec and rec.id
end

--- Settings may have changed.
function M.apply()
  local settings = config()
  clock.set(settings.debounce_ms, settings.max_wait_ms)
  if started and not settings.active then return M.stop() end
  if not started and settings.active and require('kra.draft.exits').wanted() then M.start() end
end

--- Begins: every loaded buffer that belongs is watched from now on.
function M.start()
  if started or not config().active then return end
  started = true
  local settings = config()
  clock.set(settings.debounce_ms, settings.max_wait_ms)
  clock.start(function() M.flush() end)
  sink.start({
    excluded = function(ids) require('kra.draft.privacy').refused(ids) end,
    overflow = function()
      for _, rec in pairs(records.all()) do
        if rec.sent or rec.dirty then rec.dirty, rec.rescan, rec.sent = true, true, false end
      end
      net.unsettle()
      clock.again(require('kra.config').get().retry.max_ms)
    end,
    full = function() M.emergency() end,
  })
  require('kra.rpc').on_open('files', function() require('kra.draft.editors').met() end)
  require('kra.rpc').on_open('alive', function() require('kra.draft.alive').met() end)
  require('kra.native').get()
  require('kra.draft.journal').prepare()
  require('kra.draft.exits').install()
  for _, buf in ipairs(api.nvim_list_bufs()) do pcall(M.attach, buf) end
end

--- Lets go of every buffer; what is in the journal stays as it is.
function M.stop()
  if not started then return end
  M.flush(true)
  started = false
  require('kra.draft.exits').remove()
  for buf in pairs(records.all()) do records.remove(buf) end
  clock.rest()
end

function M.active() return started end

--- What this editor has that is in no file.
---@return {active: boolean, buffers: integer, waiting: boolean, held: integer, durability: string, kept_at: integer?, excluded: table[]}
function M.status()
  local count, waiting, reasons = 0, false, {}
  for buf, rec in pairs(records.all()) do
    if api.nvim_buf_is_loaded(buf) and api.nvim_get_option_value('modified', { buf = buf }) then count = count + 1 end
    waiting = waiting or rec.dirty or rec.scan ~= nil
  end
  for _, info in ipairs(vim.fn.getbufinfo({ bufmodified = 1 })) do
    local reason = M.excluded(info.bufnr)
    if reason then reasons[reason] = (reasons[reason] or 0) + 1 end
  end
  local rows = {}
  for reason, number in pairs(reasons) do table.insert(rows, { reason = reason, count = number }) end
  table.sort(rows, function(a, b) return a.reason < b.reason end)
  return { buffers = count, waiting = waiting, held = sink.held(), durability = sink.durability(), excluded = rows, flushes = flushes,
    kept_at = sink.kept_at(), active = started }
end

return M
