-- What is said about changes from outside: one line for all that came together.
local M = {}

local TOGETHER_MS = 100

---@class kra.Notice
---@field path string
---@field by string
---@field added integer
---@field removed integer
---@field merged integer hunks that came into a modified buffer
---@field conflicts integer
---@field shown boolean its buffer is in a window
---@field what? string something else to say of it

local waiting = {} ---@type kra.Notice[]
local timer ---@type uv.uv_timer_t?

local function name_of(path) return vim.fn.fnamemodify(path, ':~:.') end
local function plural(count, noun) return ('%d %s%s'):format(count, noun, count == 1 and '' or 's') end
local function by(notice) return notice.by ~= '' and notice.by or 'outside' end

-- Of one file. nil: nobody sees it and nothing needs anybody.
local function one(notice)
  if notice.what then return ('%s: %s'):format(name_of(notice.path), notice.what), 'warn' end
  if notice.conflicts > 0 then
    return ('%s: %s with %s; :Kra mine, theirs, both or diff'):format(name_of(notice.path), plural(notice.conflicts, 'conflict'), by(notice)), 'warn'
  end
  if notice.merged > 0 then
    return ('%s: merged %s from %s, yours kept'):format(name_of(notice.path), plural(notice.merged, 'hunk'), by(notice)), 'warn'
  end
  if notice.shown then return ('%s: +%d -%d %s'):format(by(notice), notice.added, notice.removed, name_of(notice.path)), 'info' end
end

local function many(notices)
  local merged, conflicts, files, level = 0, 0, #notices, 'info'
  for _, notice in ipairs(notices) do
    if notice.merged > 0 then merged = merged + 1 end
    if notice.conflicts > 0 then conflicts = conflicts + 1 end
    if notice.merged + notice.conflicts > 0 or notice.what then level = 'warn' end
  end
  local text = plural(files, 'file') .. ' changed outside'
  if merged > 0 then text = ('%s, %d merged, yours kept'):format(text, merged) end
  if conflicts > 0 then text = ('%s, %d with conflicts (:Kra changes)'):format(text, conflicts) end
  return text, level
end

--- Says now what waits.
function M.flush()
  local notices = waiting
  waiting = {}
  if #notices == 0 then return end
  local text, level
  if #notices == 1 then text, level = one(notices[1]) else text, level = many(notices) end
  if text then require('kra.notify').say(text, level) end
end

---@param notice kra.Notice
function M.add(notice)
  table.insert(waiting, notice)
  if #waiting > 1 then return end
  timer = timer or assert(vim.uv.new_timer())
  timer:start(TOGETHER_MS, 0, vim.schedule_wrap(M.flush))
end

return M
