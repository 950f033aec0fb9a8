-- The order of buffers in a state. Hidden buffers are made after those on the screen, so their numbers do not tell the old order;
-- a restored state says it, and what is new comes after.
local M = {}

local rank = {} ---@type table<integer, integer>

function M.set(buf, position) rank[buf] = position end

--- `new` takes the place of `old`.
function M.replace(old, new) rank[new] = rank[old] end

---@param bufs integer[]
function M.sort(bufs)
  if not next(rank) then return end -- as they came
  table.sort(bufs, function(a, b)
    local x, y = rank[a] or math.huge, rank[b] or math.huge
    if x ~= y then return x < y end
    return a < b
  end)
end

function M.reset() rank = {} end

return M
