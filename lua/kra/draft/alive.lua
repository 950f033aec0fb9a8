-- What the daemon hears of this editor while something is unsaved: that it lives, and how long things took. Nothing wakes up otherwise.
local M = {}
local uv = vim.uv

local RATES, SLOWEST = 20, 8

local timer ---@type uv.uv_timer_t?
local beating = false
local measures = {} ---@type table[]
local recent = {} ---@type number[] main-loop times of the last flushes, in ms
local totals = {} ---@type table<string, {count: integer, failed: integer, sum: number, max: number, bytes: integer, last: number[]}>
local warned = false

local function unsaved()
  local count = 0
  for buf, rec in pairs(require('kra.draft.records').all()) do
    if rec.sent or rec.dirty or rec.scan then count = count + (vim.api.nvim_buf_is_loaded(buf) and 1 or 0) end
  end
  return count
end

local function give_measures()
  if #measures == 0 or not require('kra.rpc').connected() then return end
  local list = measures
  measures = {}
  require('kra.rpc').notify('measure', { list = list })
end

local pace = 0

local function beat()
  local count = unsaved()
  local rpc = require('kra.rpc')
  if count == 0 or not rpc.connected() then return M.update() end
  local sink = require('kra.draft.sink')
  rpc.notify('heartbeat', { unsaved = count, bytes = sink.held(), oldest_ms = sink.oldest_ms(), excluded = require('kra.draft').status().excluded })
  give_measures()
end

--- Something became unsaved, or nothing is any more.
function M.update()
  local wanted = unsaved() > 0 and require('kra.rpc').connected()
  if wanted == beating then return end
  beating = wanted
  if not wanted then
    if timer then timer:stop() end
    if require('kra.rpc').connected() then
      require('kra.rpc').notify('heartbeat', { unsaved = 0, bytes = 0 })
      give_measures()
    end
    return
  end
  timer = timer or assert(uv.new_timer())
  pace = require('kra.config').get().session.heartbeat_ms
  timer:start(pace, pace, vim.schedule_wrap(beat))
  beat()
end

--- A daemon is there, maybe another one: it knows nothing of this editor yet.
function M.met()
  if beating then return beat() end
  M.update()
end

--- How often it is told that this editor lives, in ms; nil while nobody has to know.
---@return integer?
function M.pace() return beating and pace or nil end

--- The settings may be others.
function M.apply()
  if not beating or pace == require('kra.config').get().session.heartbeat_ms then return end
  beating = false
  M.update()
end

-- Flushes that take long come less often, until they are quick again.
local function adapt()
  local performance = require('kra.config').get().performance
  local sum = 0
  for _, ms in ipairs(recent) do sum = sum + ms end
  local average = sum / #recent
  local clock = require('kra.draft.clock')
  local factor = clock.factor()
  if average > performance.target_ms then
    if performance.adapt then factor = math.min(SLOWEST, factor * 2) end
    if not warned then
      warned = true
      require('kra.notify').problem({ code = 'slow_drafts', text = ('keeping unsaved text takes %d ms of the editor'):format(average),
        cure = 'performance.target_ms, drafts.max_buffer_bytes' })
    end
    recent = {}
  elseif average < performance.target_ms / 2 and factor > 1 then
    factor = math.max(1, factor / 2)
  end
  local drafts = require('kra.config').get().drafts
  if factor ~= clock.factor() then clock.set(drafts.debounce_ms, drafts.max_wait_ms, factor) end
end

--- How long an operation held up the main loop.
---@param operation string
---@param ms number
---@param ok? boolean
---@param more? {bytes?: integer, whole_ms?: number} what it handled, and how long all of it took when that is longer
function M.measure(operation, ms, ok, more)
  local performance = require('kra.config').get().performance
  if not performance.monitor then return end
  local total = totals[operation] or { count = 0, failed = 0, sum = 0, max = 0, bytes = 0, last = {} }
  totals[operation] = total
  total.count, total.sum, total.max = total.count + 1, total.sum + ms, math.max(total.max, ms)
  if ok == false then total.failed = total.failed + 1 end
  table.insert(total.last, ms)
  if #total.last > 100 then table.remove(total.last, 1) end
  more = more or {}
  total.bytes = total.bytes + (more.bytes or 0)
  if #measures < 200 then
    table.insert(measures, { operation = operation, ok = ok ~= false, ms = more.whole_ms or ms, loop_ms = ms, bytes = more.bytes })
  end
  -- Those of drafts are many, and go with the next beat.
  if operation ~= 'draft' then return give_measures() end
  table.insert(recent, ms)
  if #recent > RATES then table.remove(recent, 1) end
  adapt()
end

local function percentile(sorted, share) return sorted[math.max(1, math.ceil(#sorted * share))] end

--- What was measured in this editor, by operation; percentiles of the last hundred, in ms.
---@return table<string, kra.Figures>
function M.metrics()
  local out = {}
  for operation, total in pairs(totals) do
    local sorted = vim.deepcopy(total.last)
    table.sort(sorted)
    out[operation] = { count = total.count, failed = total.failed, bytes = total.bytes, average_ms = total.sum / total.count,
      p50_ms = percentile(sorted, 0.5), p95_ms = percentile(sorted, 0.95), p99_ms = percentile(sorted, 0.99), max_ms = total.max }
  end
  return out
end

return M
