-- When unsaved text is sent: after a quiet time, at the latest after a maximum wait. One timer for the whole editor, which is armed only
-- while something waits:
--
--   edit    x x x      x             x  x  x  x  x  x
--   timer   ├──── debounce ───┤      ├──────── max wait ────────┤
--   rings                  ├─▶ not quiet: again    ▲ still typing
local M = {}
local uv = vim.uv
local now = uv.now

local timer ---@type uv.uv_timer_t?
local armed = false
local first_at, last_at = 0, 0
local debounce, max_wait, slower = 300, 1000, 1
local ring ---@type fun()

--- `act` is called on the main loop.
---@param act fun()
function M.start(act)
  ring = vim.schedule_wrap(act)
  timer = timer or assert(uv.new_timer())
end

--- Quiet time and longest wait in ms; `factor` stretches both while saves are slow.
function M.set(quiet_ms, longest_ms, factor)
  debounce, max_wait, slower = quiet_ms, longest_ms, factor or slower
end

function M.factor() return slower end

--- Quiet time and longest wait, in ms, as they are set.
function M.times() return { debounce, max_wait } end

local function look()
  uv.update_time()
  local at = now()
  local due = math.min(last_at + debounce * slower, first_at + math.max(debounce, max_wait) * slower)
  if due > at then
    timer:start(due - at, 0, look)
    return
  end
  armed = false
  ring()
end

--- Something changed. Called for every edit.
function M.poke()
  last_at = now()
  if armed or not timer then return end
  armed, first_at = true, last_at
  timer:start(math.min(debounce, math.max(debounce, max_wait)) * slower, 0, look)
end

--- What waited was sent.
function M.rest()
  armed = false
  if timer then timer:stop() end
end

--- Again in `ms`, whatever happens meanwhile.
function M.again(ms)
  if not timer then return end
  armed, first_at, last_at = true, now(), now()
  timer:start(ms, 0, function()
    armed = false
    ring()
  end)
end

function M.waiting() return armed end

return M
