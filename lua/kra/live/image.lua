-- What a buffer and its file had in common last: the base of every comparison and merge. One record for each loaded buffer of a file.
local M = {}
local api = vim.api
local bytes = require('kra.live.bytes')
local disk = require('kra.live.disk')

---@class kra.Image
---@field buf integer
---@field name string of the buffer
---@field path string the file itself, links resolved
---@field hash string of the file's bytes when both were the same; '': there was none, or it is not known
---@field identity? string of the file then
---@field tick integer changedtick of the buffer then
---@field lines? string[] the common text, kept as soon as the buffer is another one
---@field raw? string the same as the bytes of the file, until the lines are asked for
---@field patched? boolean something came in since the buffer was read or written: undo can lead to what is on no disk
---@field eol boolean whether its last line had an end
---@field odd? string why only Neovim itself can reload this buffer
---@field gone? boolean the file is not there any more
---@field behind? string why the file is another one and the buffer was left as it is
---@field busy? boolean we are changing the buffer
---@field seq? integer of the last notice
---@field autoread? string what gives the buffer's own value of 'autoread' back
---@field foreign? boolean another plugin writes it
---@field seen? string hash of what was left as it was
---@field left? string the same, or the identity of what could not be read: it was said
---@field claimed? string hash that was told before a write
---@field guard? integer the autocommand that writes in place of Neovim

local images = {} ---@type table<integer, kra.Image>

---@return table<integer, kra.Image>
function M.all() return images end

---@param buf integer
---@return kra.Image?
function M.get(buf) return images[buf] end

--- Those whose file this is (two names of one file can be loaded).
---@param path string
---@return kra.Image[]
function M.of_path(path)
  local found = {}
  for _, image in pairs(images) do
    if image.path == path or image.name == path then found[#found + 1] = image end
  end
  return found
end

local function lines_of(buf) return api.nvim_buf_get_lines(buf, 0, -1, false) end

local function same_lines(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

--- Both are the same now.
---@param image kra.Image
---@param hash string
---@param identity string?
---@param eol boolean
function M.synced(image, hash, identity, eol)
  image.hash, image.identity, image.eol = hash, identity, eol
  image.tick = api.nvim_buf_get_changedtick(image.buf)
  image.lines, image.raw, image.gone, image.behind = nil, nil, nil, nil
  require('kra.draft').rebased(image.buf)
end

-- Its lines. They are only made of the bytes when somebody wants them: not at the first key in a large file.
local function kept_lines(image)
  if not image.lines and image.raw then
    image.lines = bytes.lines(image.raw, image.buf) or nil
    image.raw = nil
  end
  return image.lines
end

--- Is the text of the buffer that of the file as it was? A flag alone is not believed: undo can take it away from another text.
---@param image kra.Image
---@return boolean
function M.in_step(image)
  if api.nvim_get_option_value('modified', { buf = image.buf }) then return false end
  local tick = api.nvim_buf_get_changedtick(image.buf)
  if image.tick == tick then return true end
  local lines = kept_lines(image)
  if not lines then
    local now = disk.read(image.path, bytes.MOST_BYTES)
    if now and now.hash == image.hash then lines = bytes.lines(now.bytes, image.buf) end
  end
  if not lines or not same_lines(lines, lines_of(image.buf)) then return false end
  image.tick = tick
  return true
end

--- The common text, or nil when nobody has kept it.
---@param image kra.Image
---@return string[]?
function M.base(image)
  if kept_lines(image) then return image.lines end
  if M.in_step(image) then return lines_of(image.buf) end
end

-- The first change since both were the same: the file still holds what the buffer does not any more.
local function keep(image)
  if image.hash == '' or image.odd then return end
  local now = disk.read(image.path, bytes.MOST_BYTES)
  if now and now.hash == image.hash then
    image.raw = now.bytes
    require('kra.live.base').keep(image, now.bytes)
  end
end

local function on_lines(_, buf)
  local image = images[buf]
  if not image then return true end
  if image.raw or image.lines or image.busy or image.hash == '' or image.odd then return end
  local ok, err = pcall(keep, image)
  if not ok then require('kra.notify').problem({ code = 'live', text = 'the base of a buffer was not kept: ' .. tostring(err) }) end
end

--- Compares the buffer with its file. What is the same is the common text from now on; what is not stays unknown.
---@param image kra.Image
---@return boolean same
---@return boolean? differs false: it cannot be told
function M.look(image)
  image.odd = bytes.odd(image.buf)
  image.hash, image.lines, image.raw, image.identity, image.eol, image.patched = '', nil, nil, nil, true, nil
  image.tick = api.nvim_buf_get_changedtick(image.buf)
  local now = disk.read(image.path, bytes.MOST_BYTES)
  if not now or image.odd then
    image.identity = disk.identity(image.path)
    return false, false
  end
  image.identity = now.identity
  local lines, eol = bytes.lines(now.bytes, image.buf)
  if not lines then return false, false end
  if not same_lines(lines, lines_of(image.buf)) then return false, true end
  M.synced(image, now.hash, now.identity, eol == true)
  return true
end

--- The buffer was changed before anybody could compare: it was made of what is in the file now.
---@param image kra.Image
function M.assume(image)
  image.odd = bytes.odd(image.buf)
  local now = not image.odd and disk.read(image.path, bytes.MOST_BYTES)
  local lines, eol
  if now then lines, eol = bytes.lines(now.bytes, image.buf) end
  if not now or not lines then return end
  M.synced(image, now.hash, now.identity, eol == true)
  image.lines, image.tick = lines, -1
end

---@param buf integer
---@param reloaded fun(image: kra.Image)
---@param gone fun(image: kra.Image)
---@return kra.Image?
function M.add(buf, reloaded, gone)
  local name = api.nvim_buf_get_name(buf)
  local image = images[buf]
  if image and image.name == name then return image end
  if image then gone(image) end
  image = { buf = buf, name = name, path = disk.real(name), hash = '', tick = -1, eol = true }
  local attached = api.nvim_buf_attach(buf, false, {
    on_lines = on_lines,
    on_reload = function() if images[buf] == image then reloaded(image) end end,
    on_detach = function() if images[buf] == image then gone(image) end end,
  })
  if not attached then return nil end
  images[buf] = image
  return image
end

---@param image kra.Image
function M.remove(image)
  if images[image.buf] == image then images[image.buf] = nil end
end

return M
