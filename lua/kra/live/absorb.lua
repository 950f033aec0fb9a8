-- What is on disk comes into the buffer: in place where the user has changed nothing, merged where they have, by Neovim's own reload where
-- the text of one is not plainly that of the other. Nothing here asks anybody anything.
local M = {}
local api = vim.api
local bytes = require('kra.live.bytes')
local disk = require('kra.live.disk')
local guard = require('kra.live.guard')
local hunks = require('kra.hunks')
local images = require('kra.live.image')

---@class kra.News what is known of a file, by the daemon or by looking
---@field hash? string
---@field writer? string
---@field base? string hash of what the hunks begin with
---@field hunks? kra.Hunk[]
---@field eol? boolean
---@field size? integer bytes of the file

local reloading ---@type integer? the buffer that Neovim is to load again

--- For the handler of FileChangedShell.
function M.reloading(buf) return reloading == buf end

local function lines_of(buf) return api.nvim_buf_get_lines(buf, 0, -1, false) end

local function change(image, list, modified)
  image.busy = true
  local ok, err = pcall(hunks.apply, image.buf, list, modified)
  image.busy = false
  if not ok then error(err, 0) end
end

local function set_eol(image, eol)
  if eol == nil or vim.bo[image.buf].endofline == eol then return end
  local modified = vim.bo[image.buf].modified
  vim.bo[image.buf].endofline = eol
  vim.bo[image.buf].modified = modified
end

---@param old? string[][] the lines that each hunk replaced
local function record(image, list, old, news, more)
  local added, removed = 0, 0
  for _, hunk in ipairs(list) do added, removed = added + #hunk[3], removed + hunk[2] - hunk[1] end
  local entry = { path = image.name, by = news.writer or '', added = added, removed = removed, merged = 0, conflicts = 0 }
  entry = vim.tbl_extend('force', entry, more or {})
  entry.shown = vim.fn.bufwinid(image.buf) ~= -1
  require('kra.changes').add(image.buf, list, old, entry.by)
  require('kra.live.notice').add(entry)
  require('kra.notify').event('KraExternalChange', { path = image.name, buf = image.buf, kind = 'modify', writer = entry.by, hunks = #list,
    added = added, removed = removed, merged = entry.merged, conflicts = entry.conflicts })
end

local function replaced(buf, list)
  local old = {}
  for i, hunk in ipairs(list) do old[i] = hunk[2] > hunk[1] and api.nvim_buf_get_lines(buf, hunk[1], hunk[2], false) or {} end
  return old
end

-- The buffer was as its file was.
local function patch(image, list, news, hash, identity, eol)
  local old = replaced(image.buf, list)
  change(image, list, false)
  set_eol(image, eol)
  images.synced(image, hash, identity, eol == nil and image.eol or eol)
  guard.arm(image)
  image.patched = true
  if #list > 0 then record(image, list, old, news) end
end

-- Without a common text every difference is a conflict: nothing of either is lost.
local function parts_of(base, ours, theirs)
  if base then return hunks.merge(base, ours, theirs) end
  local parts = {}
  local shift = 0
  for i, hunk in ipairs(hunks.between(ours, theirs)) do
    parts[i] = { hunks.CONFLICT, 0, 0, hunk[1], hunk[2], hunk[1] + shift, hunk[1] + shift + #hunk[3] }
    shift = shift + #hunk[3] - (hunk[2] - hunk[1])
  end
  return parts
end

local function sorted(parts, theirs)
  local list, conflicts, own, shift = {}, {}, 0, 0
  for _, part in ipairs(parts) do
    local lines = vim.list_slice(theirs, part[6] + 1, part[7])
    if part[1] == hunks.THEIRS then
      list[#list + 1] = { part[4], part[5], lines }
      shift = shift + #lines - (part[5] - part[4])
    elseif part[1] == hunks.CONFLICT then
      conflicts[#conflicts + 1] = { part[4] + shift, part[5] + shift, lines }
    elseif part[1] == hunks.OURS then
      own = own + 1
    end
  end
  return list, conflicts, own
end

-- The buffer holds what was typed: both sides come together, or stand beside each other.
local function merge(image, theirs, news, now, eol)
  local base = images.base(image)
  local list, conflicts, own = sorted(parts_of(base, lines_of(image.buf), theirs), theirs)
  local old = replaced(image.buf, list)
  local open = require('kra.live.conflict')
  local modified = own + #conflicts > 0 or open.count(image.buf) > 0
  change(image, list, modified)
  if eol ~= image.eol and vim.bo[image.buf].endofline == image.eol then set_eol(image, eol) end
  images.synced(image, now.hash, now.identity, eol)
  if modified then
    image.lines = theirs
    image.tick = -1
    require('kra.live.base').keep(image, now.bytes)
  end
  guard.arm(image)
  image.patched = true
  for _, conflict in ipairs(conflicts) do open.add(image.buf, conflict[1], conflict[2], conflict[3], news.writer or '') end
  if #list + #conflicts == 0 then return end
  record(image, list, old, news, { merged = modified and #list or 0, conflicts = #conflicts })
  if #conflicts > 0 then
    require('kra.notify').event('KraConflict', { path = image.name, buf = image.buf, writer = news.writer or '', hunks = #conflicts })
  end
end

-- Too large, binary, or not plainly text of this encoding and format: Neovim reads it again where nobody's text is in the way. What cannot be
-- read would leave an empty buffer behind.
local function leave(image, why, news, now)
  local modified = vim.bo[image.buf].modified
  if not modified and why ~= 'large' and why ~= 'binary' and vim.uv.fs_access(image.path, 'R') then
    if M.reload(image) then return end
  end
  local left = now and now.hash or disk.identity(image.path)
  if image.behind == why and image.left == left then return end
  image.behind, image.seen, image.left = why, now and now.hash, left
  guard.arm(image)
  require('kra.live.notice').add({ path = image.name, by = news.writer or '', added = 0, removed = 0, merged = 0, conflicts = 0,
    what = ('changed outside (%s); :Kra theirs loads it'):format(why) })
end

--- In the current buffer: its file, with what was there before to be undone to, however long it was.
function M.read_again()
  local _, err = require('kra.session.guard').with({ undoreload = -1 }, function() vim.cmd('silent! keepalt edit!') end)
  if err then error(err, 0) end
end

--- Neovim loads it again: what it has read is what the buffer is then.
---@param image kra.Image
---@return boolean done
function M.reload(image)
  reloading = image.buf
  local ok, err = pcall(api.nvim_buf_call, image.buf, function()
    local view = vim.fn.winsaveview()
    M.read_again()
    vim.fn.winrestview(view)
  end)
  reloading = nil
  if not ok then
    require('kra.notify').problem({ code = 'live', text = ('%s could not be loaded again: %s'):format(image.name, err) })
    return false
  end
  require('kra.live.conflict').clear(image.buf)
  guard.disarm(image)
  image.behind = nil
  images.look(image)
  return true
end

local function vanished(image, news)
  if image.gone or disk.identity(image.path) then return end
  image.gone = true
  require('kra.live.notice').add({ path = image.name, by = news.writer or '', added = 0, removed = 0, merged = 0, conflicts = 0,
    what = 'is gone from the disk; the buffer is kept' })
  require('kra.notify').event('KraExternalChange', { path = image.name, buf = image.buf, kind = 'delete', writer = news.writer or '', hunks = 0 })
end

-- The same bytes with another time: Neovim would ask at the next write all the same.
local function touched(image, identity)
  image.gone = nil
  if identity == image.identity then return end
  image.identity = identity
  if not image.odd and not image.foreign then guard.arm(image) end
end

-- By the disk itself.
local function by_looking(image, news)
  local now, why = disk.read(image.path, bytes.MOST_BYTES)
  if why == 'gone' then return vanished(image, news) end
  image.gone = nil
  if not now then return leave(image, why, news, nil) end
  if now.hash == image.hash then return touched(image, now.identity) end
  if image.odd or image.foreign then return leave(image, image.odd or 'another plugin writes it', news, now) end
  local theirs, eol = bytes.lines(now.bytes, image.buf)
  if not theirs then return leave(image, eol, news, now) end
  if image.hash == '' and not vim.bo[image.buf].modified then return leave(image, 'the buffer never was its text', news, now) end
  if images.in_step(image) then
    -- A file without a byte is a buffer without a line, which is more than one with an empty line.
    local list = now.bytes == '' and { { 0, api.nvim_buf_line_count(image.buf), {} } } or hunks.between(lines_of(image.buf), theirs)
    patch(image, list, news, now.hash, now.identity, eol)
  else
    local before = vim.uv.hrtime()
    merge(image, theirs, news, now, eol)
    require('kra.draft.alive').measure('merge', (vim.uv.hrtime() - before) / 1e6, true, { bytes = #now.bytes })
  end
end

-- The daemon's hunks stand for the whole file only where they begin with what the buffer holds, and end its lines as it does.
local function fits(image, news)
  if not news.hunks or not news.hash or news.base ~= image.hash or news.size == 0 or image.odd or image.foreign then return false end
  local options = vim.bo[image.buf]
  if options.fileformat ~= 'unix' or options.bomb or (options.fileencoding ~= 'utf-8' and options.fileencoding ~= '') then return false end
  for _, hunk in ipairs(news.hunks) do
    for _, line in ipairs(hunk[3]) do
      if line:byte(-1) == 13 then return false end
    end
  end
  return images.in_step(image)
end

--- The file of this buffer is, or may be, another one.
---@param image kra.Image
---@param news kra.News
function M.absorb(image, news)
  if not api.nvim_buf_is_loaded(image.buf) then return end
  -- By now it may be another file again: only who reads it knows what it is.
  if news.hash and news.hash ~= '' and news.hash == image.hash then return touched(image, nil) end
  if fits(image, news) then
    image.gone = nil
    return patch(image, news.hunks, news, news.hash, nil, news.eol)
  end
  by_looking(image, news)
end

return M
