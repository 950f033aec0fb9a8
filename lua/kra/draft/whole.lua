-- A long text in one go, where nobody waits for its pieces: the end of the editor, or of its screen. Neovim itself writes it into a file
-- beside the journal, which takes half of the time that its lines take through Lua; then one record says that the text is in there. Without
-- that record the file is nothing: whoever dies, or finds no room, in between leaves what was there before. (Neovim looks for signals while it
-- writes: one that ends it in that moment is such a death, as it would have been a moment earlier.)
local M = {}
local api = vim.api
local uv = vim.uv
local journal = require('kra.draft.journal')
local scan = require('kra.draft.scan')

--- Bytes below which it is not worth a file.
M.LEAST = 8 * 1024 * 1024

-- No copy of what was there, as nothing was, and no wait for the disk. With some letters of 'cpoptions' the buffer would get this name, or the
-- name to which `#` leads, or not be modified any more.
local QUIET = { backup = false, writebackup = false, patchmode = '', fsync = false, write = true }
local RENAMING = '[AFPWZ+]'

local made = 0

--- Would what is left to read of a text be out sooner in this way?
---@param rec kra.Draft
---@return boolean
function M.better(rec)
  if not require('kra.native').crc32c then return false end
  local all = api.nvim_buf_get_offset(rec.buf, api.nvim_buf_line_count(rec.buf))
  local left = all - api.nvim_buf_get_offset(rec.buf, rec.scan.row)
  return left > M.LEAST and 3 * left > all
end

local buf, path ---@type integer, string

--- Called back by the command that lets no autocommand run, those of options neither.
---@return string? error
function M.act()
  local options = vim.tbl_extend('force', QUIET, { cpoptions = vim.o.cpoptions:gsub(RENAMING, '') })
  local command = 'silent keepalt lockmarks write! ++bin ++enc=utf-8 ' .. vim.fn.fnameescape(path)
  local done, err = require('kra.session.guard').with(options, function()
    api.nvim_buf_call(buf, function() vim.cmd(command) end)
    return true
  end)
  if not done then error(err, 0) end
end

-- Read back in pieces that cost no page faults. `bytes`: without the end of the last line, which may be there or not.
local function sum(fd, bytes)
  local crc32c, crc, left = require('kra.native').crc32c, 0, bytes
  while left > 0 do
    local piece = uv.fs_read(fd, math.min(scan.PIECE, left))
    if not piece or #piece == 0 then return nil end
    crc, left = crc32c(piece, crc), left - #piece
  end
  local rest = uv.fs_read(fd, 2)
  return (rest == '' or rest == '\n') and crc % 2 ^ 32 or nil
end

local function write_to(name, bytes, sync)
  local fd = journal.create(name)
  if not fd then return nil end
  path = name
  local ok = pcall(api.nvim_cmd, { cmd = 'lua', args = { "require('kra.draft.whole').act()" }, mods = { noautocmd = true } }, {})
  local crc = ok and sum(fd, bytes)
  if crc and sync then uv.fs_fdatasync(fd) end
  uv.fs_close(fd)
  if not crc then uv.fs_unlink(name) end
  return crc
end

--- Writes the text of a buffer; what a record of it says beside the meta, or nil.
---@param rec kra.Draft
---@param sync? boolean until it is on the disk
---@return {text_file: string, bytes: integer, sum: integer}?
function M.write(rec, sync)
  buf, made = rec.buf, made + 1
  local last = api.nvim_buf_line_count(buf) - 1
  local bytes = api.nvim_buf_get_offset(buf, last) + #api.nvim_buf_get_lines(buf, last, last + 1, true)[1]
  for _, directory in ipairs(journal.texts()) do
    local name = ('%s.%d'):format(require('kra.rpc').identity().id, made)
    local crc = write_to(directory .. '/' .. name, bytes, sync)
    if crc then return { text_file = name, bytes = bytes, sum = crc } end
  end
end

--- Nobody needs that file any more.
---@param name string
function M.drop(name)
  for _, directory in ipairs(journal.texts()) do uv.fs_unlink(directory .. '/' .. name) end
end

return M
