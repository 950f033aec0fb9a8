-- Appends to this editor's journal without the daemon: through libkra.so, else with what Neovim has. Nothing here needs a buffer, so it
-- works in a signal handler too.
local M = {}
local uv = vim.uv
local pack = require('kra.draft.pack')

local handle ---@type {append: fun(frames: string, sync: boolean): any}?
local paths ---@type {[1]: string, [2]: string?}?
local prepared, told = false, false

-- Another process may make it at the same moment.
local function make(directory)
  return uv.fs_stat(directory) ~= nil or uv.fs_mkdir(directory, tonumber('700', 8)) ~= nil or uv.fs_stat(directory) ~= nil
end

local function mkdirs(directory)
  if make(directory) then return true end
  local parent = directory:match('^(.+)/[^/]+$')
  return parent ~= nil and mkdirs(parent) and make(directory)
end

-- What may not be asked for in a signal handler is asked for before.
---@return {[1]: string, [2]: string?}
local function places()
  if not paths then
    local daemon = require('kra.daemon')
    local name = require('kra.rpc').identity().id .. '.journal'
    local runtime = daemon.runtime_dir()
    paths = { daemon.state_dir() .. '/drafts/' .. name, runtime and runtime .. '/drafts/' .. name }
  end
  return paths
end

--- Loads what is needed, so that an append in a bad moment has it at hand.
function M.prepare()
  places()
  if prepared then return end
  prepared = true
  mkdirs(paths[1]:match('^(.+)/'))
  local native = require('kra.native')
  handle = native.journal and native.journal(paths[1], paths[2]) or nil
end

local function write_to(path, frames, sync)
  if not mkdirs(path:match('^(.+)/')) then return false end
  -- Opened anew: the daemon may have put a shorter file in its place.
  local fd = uv.fs_open(path, 'a', tonumber('600', 8))
  if not fd then return false end
  local written = uv.fs_write(fd, frames)
  local ok = written == #frames
  if ok and sync then uv.fs_fdatasync(fd) end
  uv.fs_close(fd)
  return ok
end

--- Appends whole records.
---@param records kra.Sent[]
---@param sync? boolean
---@return boolean ok
---@return string? where 'journal' or 'second'
function M.append(records, sync)
  M.prepare()
  local crc32c = require('kra.native').crc32c
  local frames = {}
  for i, record in ipairs(records) do frames[2 * i - 1], frames[2 * i] = pack.head(record[1], record[3], crc32c), record[3] end
  local bytes = table.concat(frames)
  if handle then
    local ok, where = handle.append(bytes, sync == true)
    if ok then return true, where end
    return false
  end
  M.tell()
  if write_to(paths[1], bytes, sync) then return true, 'journal' end
  if paths[2] and write_to(paths[2], bytes, sync) then return true, 'second' end
  return false
end

--- Says once that the library is not used.
function M.tell()
  if told or vim.in_fast_event() then return end
  told = true
  local native, why = require('kra.native').get()
  if native then why = native.path .. ' is of another release' end
  require('kra.notify').problem({ code = 'library', text = 'kra works without libkra.so: ' .. (why or '?'), cure = ':checkhealth kra' })
end

--- Where long texts lie, beside the journal.
---@return string[]
function M.texts()
  return vim.tbl_map(function(path) return path:match('^(.+)/') .. '/texts' end, places())
end

--- A new file for reading and writing, and the directory that it is in.
---@param path string
---@return integer? fd
function M.create(path)
  if not mkdirs(path:match('^(.+)/')) then return nil end
  return (uv.fs_open(path, 'wx+', tonumber('600', 8)))
end

--- Where the net may be, the better place first: the runtime directory is in memory, where no write of others is ever waited for.
---@return string[]
function M.nets()
  return vim.tbl_map(function(path) return (path:gsub('%.journal$', '.net')) end, paths[2] and { paths[2], paths[1] } or { paths[1] })
end

--- Where it is.
function M.path() return places()[1] end

return M
