-- How long to wait before the same is tried again: twice as long each time, and not as long as others that failed at the same moment.
local M = {}
local uv = vim.uv

local SPREAD = 0.25 -- of the pause, at most taken off

--- In ms; `failures` so far, from 0.
---@param failures integer
---@return integer
function M.pause(failures)
  local retry = require('kra.config').get().retry
  local pause = math.min(retry.max_ms, retry.first_ms * 2 ^ math.min(failures, 20))
  return math.ceil(pause * (1 - SPREAD * (uv.hrtime() % 997) / 997))
end

return M
