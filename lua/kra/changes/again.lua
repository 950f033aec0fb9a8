-- Text that is thrown away and read again: ranges of lines are found where they are the same.
local M = {}
local api = vim.api

-- Bytes above which a text is neither copied nor compared: both are done while the user waits for his `:edit`.
local MOST = 16 * 1024 * 1024

---@class kra.Range
---@field change kra.Change
---@field first integer
---@field last integer exclusive
---@field tinted boolean

local unread = {} ---@type table<integer, {lines: string[], ranges: kra.Range[]}> by buffer

--- Before the text goes.
---@param buf integer
---@param ranges kra.Range[]
function M.keep(buf, ranges)
  if api.nvim_buf_get_offset(buf, api.nvim_buf_line_count(buf)) > MOST then return end
  unread[buf] = { lines = api.nvim_buf_get_lines(buf, 0, -1, false), ranges = ranges }
end

---@param buf integer
function M.forget(buf) unread[buf] = nil end

-- By how many lines a range moved; nil: something else stands there.
local function moved(hunks, first, last)
  local by = 0
  for _, hunk in ipairs(hunks) do
    if hunk[1] < last and hunk[2] > first then return nil end
    if hunk[2] <= first then by = by + #hunk[3] - (hunk[2] - hunk[1]) end
  end
  return by
end

--- Those that are still there, where they are now; nil when none were kept.
---@param buf integer
---@return kra.Range[]?
function M.find(buf)
  local before = unread[buf]
  if not before then return nil end
  unread[buf] = nil
  local hunks = require('kra.hunks').between(before.lines, api.nvim_buf_get_lines(buf, 0, -1, false))
  local found = {}
  for _, range in ipairs(before.ranges) do
    local by = moved(hunks, range.first, range.last)
    if by then
      range.first, range.last = range.first + by, range.last + by
      found[#found + 1] = range
    end
  end
  return found
end

return M
