-- Options changed for a while and put back on every path, errors included.
local M = {}

local function set(name, value) vim.api.nvim_set_option_value(name, value, { scope = 'global' }) end

-- 'winheight' and 'winminheight' (and their like) limit one another, in either order: what is refused goes again after the others.
---@return string? refused
local function put(values)
  local again, why = {}, nil
  for name, value in pairs(values) do
    if not pcall(set, name, value) then again[name] = value end
  end
  for name, value in pairs(again) do
    local ok, err = pcall(set, name, value)
    if not ok then why = err end
  end
  return why
end

-- What runs once pays for being compiled and never gets it back: opening a few files makes a tenth of the time of that.
local function interpreted(work)
  if type(jit) ~= 'table' or not jit.status() then return work() end
  jit.off()
  local ok, result = pcall(work)
  jit.on()
  if not ok then error(result, 0) end
  return result
end

--- Runs `work` with these global options and gives what it gave; an error comes back as nil and its text.
---@param options table<string, any>
---@param work fun(): any
---@return any result
---@return string? error
---@param once? boolean a burst of code that runs once: it is not compiled
function M.with(options, work, once)
  local kept = {}
  local session_load = vim.g.SessionLoad
  local ok, result = xpcall(function()
    for name in pairs(options) do kept[name] = vim.api.nvim_get_option_value(name, { scope = 'global' }) end
    local why = put(options)
    if why then error(why, 0) end
    if once then return interpreted(work) end
    return work()
  end, function(err) return tostring(err) end)
  -- One that cannot go back (a minimal height that does not fit any more) costs only itself.
  put(kept)
  vim.g.SessionLoad = session_load
  if ok then return result, nil end
  return nil, result
end

return M
