-- Where records go. To the daemon, which answers when they are in the journal; they are kept until then. Where it cannot be asked, and in
-- moments that cannot wait, the same records are appended to the same journal here. A record has a number and counts once, however often
-- it arrives.
local M = {}
local uv = vim.uv
local journal = require('kra.draft.journal')
local net = require('kra.draft.net')
local pack = require('kra.draft.pack')

local ANSWER_MS, REQUEST_BYTES, HELD_BYTES = 1000, 6 * 1024 * 1024, 8 * 1024 * 1024

---@class kra.Sent
---@field [1] integer kind
---@field [2] integer number
---@field [3] string payload
---@field at integer when it was made, in the loop's ms
---@field done? fun() it is kept

local seq = 0
local queue = {} ---@type kra.Sent[] not acknowledged, in order
local bytes = 0
local asked = 0 -- the highest number that is under way to the daemon
local away_until, failures = 0, 0
local kept_at ---@type integer? when something was kept last, in seconds
local kept = 'journal' ---@type 'journal'|'disk'|'second'|'memory' what was reached last
local excluded_hook ---@type fun(ids: string[])
local retry_timer

local function drop(upto)
  local rest, left = {}, 0
  for _, record in ipairs(queue) do
    if record[2] > upto then
      rest[#rest + 1] = record
      left = left + #record[3]
    elseif record.done then
      record.done()
    end
  end
  queue, bytes = rest, left
  if asked <= upto then asked = 0 end
  net.kept(upto)
end

local editor ---@type table
local function editor_record()
  local identity, daemon = require('kra.rpc').identity(), require('kra.daemon')
  local socket, pane = daemon.tmux()
  local start = (io.open('/proc/self/stat') or io.open('/dev/null'))
  local stat = start:read('*a') or ''
  start:close()
  local fields = vim.split(stat:match('.*%) (.*)') or '', ' ')
  local boot = io.open('/proc/sys/kernel/random/boot_id')
  local boot_id = boot and boot:read('*l') or ''
  if boot then boot:close() end
  return { id = identity.id, editor = identity.editor, pid = uv.os_getpid(), start = tonumber(fields[20]) or 0,
    pane = pane or '', server = socket or '',
    cwd = uv.cwd() or '', host = uv.os_gethostname(), boot = boot_id, release = require('kra').version }
end

-- The disk takes nothing: what waits is cut down to its numbers, and every buffer is sent whole when there is room again.
local on_overflow ---@type fun()
local function collapse()
  for _, record in ipairs(queue) do
    if record[1] ~= pack.EDITOR then record[1], record[3] = pack.META, pack.payload(record[2], { buffer = '' }) end
  end
  bytes = #queue * 16
  on_overflow()
end

local function add(kind, map, done)
  local payload = pack.payload(seq + 1, map) -- a failure here leaves no gap
  seq = seq + 1
  queue[#queue + 1] = { kind, seq, payload, done = done, at = uv.now() }
  bytes = bytes + #payload
end

--- One more record. It goes with the next send() or append(). `done` is called when it is in the journal.
---@param kind integer
---@param map table
---@param done? fun()
---@return integer seq
function M.put(kind, map, done)
  if seq == 0 then add(pack.EDITOR, editor) end
  add(kind, map, done)
  if bytes > 4 * HELD_BYTES and kept == 'memory' then collapse() end
  return seq
end

--- The number of the last record, if somebody has to acknowledge something yet.
---@return integer?
function M.pending() return #queue > 0 and seq or nil end

--- For how many ms something has waited to be acknowledged; 0 as long as an answer may still come.
function M.oldest_ms()
  local age = queue[1] and uv.now() - queue[1].at or 0
  return age > ANSWER_MS and age or 0
end

--- Bytes that nobody has acknowledged.
function M.held() return bytes end

--- Is so much under way that a long text should wait?
function M.busy() return bytes > HELD_BYTES end

local function report(durability)
  if durability ~= 'memory' then kept_at = os.time() end
  if durability ~= kept then
    local before = kept
    kept = durability
    if durability == 'memory' then
      require('kra.notify').problem({ code = 'drafts_memory', text = 'unsaved text is only in memory: the state directory takes nothing',
        cure = 'make room, or see :checkhealth kra' })
    elseif before == 'memory' then
      require('kra.notify').solved('drafts_memory')
      require('kra.notify').say('unsaved text is on disk again', 'info')
    end
  end
end

local function retry_later()
  retry_timer = retry_timer or assert(uv.new_timer())
  retry_timer:start(require('kra.retry').pause(failures), 0, vim.schedule_wrap(function() M.send() end))
  failures = failures + 1
end

--- Appends all that waits, here and now. May be called where no buffer can be read.
---@param sync? boolean until it is on the disk
---@return boolean
function M.append(sync)
  if #queue == 0 then return true end
  local last = queue[#queue][2]
  local ok, where = journal.append(queue, sync)
  if not ok then
    if not vim.in_fast_event() then
      report('memory')
      retry_later()
    end
    return false
  end
  failures = 0
  drop(last)
  if not vim.in_fast_event() then report(where or 'journal') end
  return true
end

local function answered(last, err, result)
  if asked == last then asked = 0 end
  if err then
    -- One that is away, hangs or is too old is not asked again for a while.
    if err.fault ~= 'busy' then away_until = uv.now() + require('kra.config').get().retry.first_ms end
    M.append()
    return
  end
  result = type(result) == 'table' and result or {}
  if type(result.excluded) == 'table' and #result.excluded > 0 then excluded_hook(result.excluded) end
  failures = 0
  drop(math.min(last, tonumber(result.seq) or last))
  report(result.durability or 'journal')
  if #queue > 0 then M.send() end
end

-- As many as fit into one message, and only whole ones.
local function batch()
  local records, size = {}, 0
  for _, record in ipairs(queue) do
    if #records > 0 and (size + #record[3] > REQUEST_BYTES or #records >= 1000) then break end
    records[#records + 1] = { record[1], record[2], record[3] }
    size = size + #record[3]
  end
  return records
end

--- Sends what waits, without waiting. One message is under way at a time.
function M.send()
  if #queue == 0 or asked > 0 then return end
  local rpc = require('kra.rpc')
  if not rpc.connected() then
    local came = uv.now() >= away_until
    M.append()
    -- It takes what is in the journal when it comes; the next records go to it.
    if came then
      away_until = uv.now() + require('kra.config').get().retry.max_ms
      rpc.connect(function(err) if not err then away_until = 0 end end, true)
    end
    return
  end
  if uv.now() < away_until then return M.append() end
  local records = batch()
  local last = records[#records][2]
  asked = last
  rpc.request('draft', { client = rpc.identity().id, records = records }, function(err, result) answered(last, err, result) end, ANSWER_MS)
end

---@param hooks {excluded: fun(ids: string[]), overflow: fun(), full: fun()}
function M.start(hooks)
  excluded_hook, on_overflow = hooks.excluded, hooks.overflow
  editor = editor_record() -- a signal handler could not ask for all of it
  net.start(editor, hooks.full)
end

--- How safe what was sent last is.
---@return 'journal'|'disk'|'second'|'memory'
function M.durability() return kept end

--- When something was kept last, in seconds since 1970.
---@return integer?
function M.kept_at() return kept_at end

return M
