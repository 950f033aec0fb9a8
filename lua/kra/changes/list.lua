-- :Kra changes: what came from outside, here and in files that are not loaded, by time and by whom.
local M = {}

local function say(text) require('kra.notify').say(text, 'info', true) end

local SAME_S = 2 -- the clock of the daemon and ours, in whole seconds

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
  local rows = {}
  for _, entry in ipairs(require('kra.changes').list()) do
    local change = entry.change
    if fits(filter, change.by, change.at) then
      local text = ('%s: +%d -%d, %s'):format(change.by ~= '' and change.by or 'outside', #change.new, #change.old, age(change.at))
      table.insert(rows, { bufnr = entry.buf, lnum = entry.lnum, text = text, type = 'I' })
    end
  end
  for buf in pairs(require('kra.live.image').all()) do
    for _, conflict in ipairs(require('kra.live.conflict').list(buf)) do
      local by = conflict.by ~= '' and conflict.by or 'outside'
      local text = ('conflict with %s: yours %d lines, theirs %d'):format(by, conflict.mine, conflict.theirs)
      table.insert(rows, { bufnr = buf, lnum = conflict.lnum, text = text, type = 'W' })
    end
  end
  return rows
end

---@class kra.ChangedFile
---@field path string
---@field by string "" when nobody said
---@field kind string
---@field at integer seconds
---@field line? integer

-- Newest first, one of each file. What an editor wrote is its user's own, and of what is loaded here the hunks are known.
---@return kra.ChangedFile[]
local function files_of(result, filter)
  local list, known = {}, {}
  local changes = type(result) == 'table' and type(result.changes) == 'table' and result.changes or {}
  for i = #changes, 1, -1 do
    local change = type(changes[i]) == 'table' and changes[i] or {}
    local path, writer = change.path, change.writer
    local by = type(writer) == 'string' and writer ~= 'external' and writer or ''
    local at = type(change.at) == 'number' and math.floor(change.at / 1000) or 0
    local own = by == 'editor' and filter.by ~= 'editor'
    if type(path) == 'string' and not known[path] and #require('kra.live.image').of_path(path) == 0 then
      known[path] = true
      if not own and fits(filter, by, at) then
        list[#list + 1] = { path = path, by = by, kind = tostring(change.kind or 'modify'), at = at, line = tonumber(change.line) }
      end
    end
  end
  return list
end

-- Who wrote what came in here may have been said only afterwards (`kra note edit` behind the edit): the journal knows.
local function name_writers(result)
  local noted = {}
  for _, change in ipairs(type(result) == 'table' and type(result.changes) == 'table' and result.changes or {}) do
    local writer = type(change) == 'table' and type(change.path) == 'string' and type(change.at) == 'number' and change.writer
    if type(writer) == 'string' and writer ~= 'external' and writer ~= 'editor' then
      noted[change.path] = noted[change.path] or {}
      table.insert(noted[change.path], { at = change.at / 1000, by = writer })
    end
  end
  for _, entry in ipairs(next(noted) and require('kra.changes').list() or {}) do
    local image = entry.change.by == '' and require('kra.live.image').get(entry.buf)
    for _, note in ipairs(image and noted[image.path] or {}) do
      if math.abs(note.at - entry.change.at) <= SAME_S then entry.change.by = note.by end
    end
  end
end

--- Files of the project that were changed and are not loaded here, newest first; none without a daemon.
---@param filter {seconds?: integer, by?: string}
---@param done fun(files: kra.ChangedFile[])
function M.elsewhere(filter, done)
  if not require('kra.rpc').connected() then return done({}) end
  local since = filter.seconds and (os.time() - filter.seconds) * 1000 or 0
  local params = { root = require('kra.follow.place').project(), since = since, by = '', limit = 5000 }
  require('kra.rpc').request('changes', params, function(_, result)
    name_writers(result)
    done(files_of(result, filter))
  end, 2000)
end

local function rows_elsewhere(files)
  return vim.tbl_map(function(file)
    local text = ('%s: %s, %s, not loaded'):format(file.by ~= '' and file.by or 'outside', file.kind, age(file.at))
    return { filename = file.path, lnum = file.line or 1, type = 'I', text = text }
  end, files)
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
  M.elsewhere(filter, function(files) show(vim.list_extend(rows_here(filter), rows_elsewhere(files)), title) end)
end

return M
