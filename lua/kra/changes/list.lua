-- :Kra changes: what came from outside, here and in files that are not loaded, by time and by whom.
local M = {}

local function say(text) require('kra.notify').say(text, 'info', true) end

local units = { s = 1, m = 60, h = 3600, d = 86400, w = 604800 }

-- "10m" is a time, anything else a name.
local function filter_of(arguments)
  local filter = {}
  for _, word in ipairs(arguments) do
    local count, unit = word:match('^(%d+)([smhdw])$')
    if count then filter.seconds = tonumber(count) * units[unit] else filter.by = word end
  end
  return filter
end

local function fits(filter, by, at)
  if filter.seconds and os.time() - at > filter.seconds then return false end
  return not filter.by or (by ~= '' and by or 'outside'):lower():find(filter.by:lower(), 1, true) ~= nil
end

local function age(at)
  local seconds = math.max(0, os.time() - at)
  if seconds < 90 then return ('%d s ago'):format(seconds) end
  if seconds < 5400 then return ('%d min ago'):format(seconds / 60) end
  return os.date('%d %b %H:%M', at)
end

local function rows_here(filter)
  local rows, known = {}, {}
  for _, entry in ipairs(require('kra.changes').list()) do
    local change = entry.change
    if fits(filter, change.by, change.at) then
      local text = ('%s: +%d -%d, %s'):format(change.by ~= '' and change.by or 'outside', #change.new, #change.old, age(change.at))
      table.insert(rows, { bufnr = entry.buf, lnum = entry.lnum, text = text, type = 'I' })
    end
    known[entry.path] = true
  end
  for buf in pairs(require('kra.live.image').all()) do
    for _, conflict in ipairs(require('kra.live.conflict').list(buf)) do
      local by = conflict.by ~= '' and conflict.by or 'outside'
      local text = ('conflict with %s: yours %d lines, theirs %d'):format(by, conflict.mine, conflict.theirs)
      table.insert(rows, { bufnr = buf, lnum = conflict.lnum, text = text, type = 'W' })
    end
  end
  return rows, known
end

-- What the daemon has seen of files that are not loaded here.
local function rows_there(filter, known, result)
  local rows = {}
  for _, change in ipairs(type(result) == 'table' and type(result.changes) == 'table' and result.changes or {}) do
    local path = type(change) == 'table' and type(change.path) == 'string' and change.path
    local by = path and type(change.writer) == 'string' and change.writer ~= 'external' and change.writer or ''
    if path and not known[path] and (not filter.by or by:lower():find(filter.by:lower(), 1, true)) then
      known[path] = true
      local at = type(change.at) == 'number' and (', ' .. age(change.at / 1000)) or ''
      local text = ('%s: %s%s'):format(by ~= '' and by or 'outside', tostring(change.kind or 'modify'), at)
      table.insert(rows, { filename = path, lnum = tonumber(change.line) or 1, type = 'I', text = text })
    end
  end
  return rows
end

local function show(rows, title)
  if #rows == 0 then return say('no change from outside' .. title) end
  vim.fn.setqflist({}, ' ', { title = 'kra changes' .. title, items = rows })
  vim.cmd('botright copen')
end

--- The changes from outside as a quickfix list: of the last time (`10m`), by somebody (`claude`), or all.
---@param arguments string[]
function M.show(arguments)
  local filter = filter_of(arguments)
  local title = #arguments > 0 and (' ' .. table.concat(arguments, ' ')) or ''
  local rows, known = rows_here(filter)
  if not require('kra.rpc').connected() then return show(rows, title) end
  local params = { root = vim.fn.getcwd(), since = filter.seconds and (os.time() - filter.seconds) * 1000 or 0, by = filter.by or '', limit = 1000 }
  require('kra.rpc').request('changes', params, function(_, result)
    show(vim.list_extend(rows, rows_there(filter, known, result)), title)
  end, 2000)
end

return M
