-- What a file is now: its bytes, their hash, and an identity that changes when somebody writes.
local M = {}
local uv = vim.uv

--- Equal texts: nobody wrote. nil: there is no such file.
---@param path string
---@return string?
---@return table? stat
---@return string? why the system does not say: EACCES is not gone
function M.identity(path)
  local stat, _, why = uv.fs_stat(path)
  if not stat or stat.type ~= 'file' then return nil, nil, why end
  return ('%d %d %d %d.%09d %d.%09d'):format(stat.dev, stat.ino, stat.size, stat.mtime.sec, stat.mtime.nsec, stat.ctime.sec, stat.ctime.nsec), stat
end

--- 16 hexadecimal digits; the hash of native/base/checksum.hpp. Without the library a text of Lua's own making, equal for equal bytes.
---@param bytes string
---@return string
function M.hash(bytes)
  local native = require('kra.native')
  if native.get() and native.hash64 then return native.hash64(bytes) end
  return vim.fn.sha256(bytes):sub(1, 16)
end

---@class kra.OnDisk
---@field bytes string
---@field hash string
---@field identity string

--- The whole file. nil when it is not there, is no file, is larger than `most`, or changes while it is read.
---@param path string
---@param most integer
---@return kra.OnDisk?
---@return string? why gone | large | unreadable
function M.read(path, most)
  for _ = 1, 3 do
    local before, stat, hidden = M.identity(path)
    if not stat then return nil, hidden == 'EACCES' and 'unreadable' or 'gone' end
    if stat.size > most then return nil, 'large' end
    local fd = uv.fs_open(path, 'r', 0)
    if not fd then return nil, 'unreadable' end
    local bytes = uv.fs_read(fd, stat.size + 1, 0)
    uv.fs_close(fd)
    if not bytes then return nil, 'unreadable' end
    if #bytes == stat.size and M.identity(path) == before then return { bytes = bytes, hash = M.hash(bytes), identity = before } end
  end
  return nil, 'unreadable'
end

--- The file itself: links resolved, where it is there.
---@param name string
---@return string
function M.real(name) return uv.fs_realpath(name) or name end

-- When this process began, in seconds; nil where /proc does not say.
local function began()
  local function read(path)
    local file = io.open(path, 'rb')
    local text = file and file:read('*a') or ''
    if file then file:close() end
    return text
  end
  local booted = read('/proc/stat'):match('btime (%d+)')
  local fields = vim.split(read('/proc/self/stat'):match('%) (.*)$') or '', ' ')
  local ticks = tonumber(fields[20])
  return booted and ticks and tonumber(booted) + ticks / 100
end

--- Nobody has written it since this editor began, so that the buffer was made of it.
---@param path string
---@return boolean
function M.older_than_us(path)
  local stat, start = uv.fs_stat(path), began()
  return stat ~= nil and start ~= nil and stat.mtime.sec < start - 2
end

return M
