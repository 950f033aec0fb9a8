-- State of other plugins. What an extension does wrong costs only what is its own.
local data = require('kra.session.data')
local M = {}

-- Our own pins and the follow window go the same way.
local registered = { ---@type kra.Extension[]
  {
    name = 'kra.pin',
    on_save = function() return package.loaded['kra.pin'] and require('kra.pin').save() end,
    on_restore = function(state) require('kra.pin').restore(state) end,
  },
  {
    name = 'kra.follow',
    on_save = function() return package.loaded['kra.follow'] and require('kra.follow').save() or nil end,
    on_restore = function(state) require('kra.follow').restore(state) end,
  },
}

local function call(extension, name, ...)
  if not extension[name] then return nil end
  local ok, result = pcall(extension[name], ...)
  if ok then return result end
  require('kra.notify').problem({ code = 'extension', text = ('extension %s: %s: %s'):format(extension.name, name, result) })
end

---@param extension kra.Extension
function M.register(extension)
  if type(extension) ~= 'table' or type(extension.name) ~= 'string' or extension.name == '' then
    error('kra: an extension needs a name', 3)
  end
  for _, hook in ipairs({ 'on_save', 'on_restore', 'on_save_win', 'on_restore_win' }) do
    local kind = type(extension[hook])
    if kind ~= 'nil' and kind ~= 'function' then error(('kra: %s of extension %s is a %s'):format(hook, extension.name, kind), 3) end
  end
  for i, other in ipairs(registered) do
    if other.name == extension.name then table.remove(registered, i) break end
  end
  table.insert(registered, extension)
end

---@return table<string, any>?
function M.save()
  local out = {}
  for _, extension in ipairs(registered) do
    local value = call(extension, 'on_save')
    if value ~= nil then out[extension.name] = data.plain(value) end
  end
  return next(out) and out or nil
end

--- For a window whose buffer belongs to no session: who can bring it back, and from what.
---@return string? name
---@return any data
function M.save_window(win, buf)
  for _, extension in ipairs(registered) do
    local value = data.plain(call(extension, 'on_save_win', win, buf))
    if value ~= nil then return extension.name, value end
  end
end

function M.restore(state)
  if type(state) ~= 'table' then return end
  for _, extension in ipairs(registered) do
    if state[extension.name] ~= nil then call(extension, 'on_restore', data.plain(state[extension.name])) end
  end
end

---@return boolean known there is such an extension
function M.restore_window(name, win, value)
  for _, extension in ipairs(registered) do
    if extension.name == name and extension.on_restore_win then
      call(extension, 'on_restore_win', win, data.plain(value))
      return true
    end
  end
  return false
end

return M
