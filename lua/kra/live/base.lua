-- The common text of a modified buffer and its file, kept on disk too: after a restart what was typed can still be merged with what was
-- written meanwhile. One file for each path, private, gone when the buffer was written.
local M = {}
local uv = vim.uv

local MOST_BYTES = 1024 * 1024
local MARK = 'kra base 1\n'

local function directory() return require('kra.daemon').state_dir() .. '/bases' end

---@param path string
---@return string
local function file_of(path) return directory() .. '/' .. require('kra.live.disk').hash(path) end

local written = {} ---@type table<string, string> path -> hash

--- The daemon and `kra forget` know these files by the path in their second line.
---@param image kra.Image
---@param bytes string
function M.keep(image, bytes)
  local path, hash = image.path, image.hash
  if written[path] == hash or #bytes > MOST_BYTES then return end
  vim.schedule(function()
    if not vim.api.nvim_buf_is_valid(image.buf) or require('kra.draft.privacy').reason(image.buf) then return end
    written[path] = hash
    vim.fn.mkdir(directory(), 'p', tonumber('700', 8))
    local file, aside = file_of(path), ('%s.%d'):format(file_of(path), uv.os_getpid())
    uv.fs_open(aside, 'w', tonumber('600', 8), function(_, fd)
      if not fd then return end
      uv.fs_write(fd, MARK .. path .. '\n' .. hash .. '\n' .. bytes, 0, function(failure)
        uv.fs_close(fd, function()
          if failure then uv.fs_unlink(aside, function() end) else uv.fs_rename(aside, file, function() end) end
        end)
      end)
    end)
  end)
end

--- The bytes with this hash that were kept for this path.
---@param path string
---@param hash string
---@return string?
function M.get(path, hash)
  local now = require('kra.live.disk').read(file_of(path), MOST_BYTES + 8192)
  if not now then return nil end
  local head = MARK .. path .. '\n' .. hash .. '\n'
  local bytes = vim.startswith(now.bytes, head) and now.bytes:sub(#head + 1) or nil
  return bytes and require('kra.live.disk').hash(bytes) == hash and bytes or nil
end

--- Nothing of this file may be kept any more.
---@param path string
function M.forget(path)
  written[path] = nil
  uv.fs_unlink(file_of(path), function() end)
end

--- The buffer was written: nothing of it is unsaved.
---@param path string
function M.drop(path)
  if not written[path] then return end
  written[path] = nil
  uv.fs_unlink(file_of(path), function() end)
end

return M
