-- What the live part tells the daemon and hears from it (doc/protocol.md).
local M = {}
local images = require('kra.live.image')

local rpc = function() return require('kra.rpc') end

local new = {} ---@type table<integer, kra.Image> not told yet
local asked = false
local root ---@type string? the directory that is followed
local told_pinned = false

-- The answer: a file that is another one than its buffer's is looked at.
local function taken_up(err, result)
  if err or type(result) ~= 'table' then return end
  for _, file in ipairs(type(result.files) == 'table' and result.files or {}) do
    for _, image in ipairs(type(file) == 'table' and images.of_path(tostring(file.path)) or {}) do
      if type(file.seq) == 'number' then image.seq = file.seq end
      if file.hash ~= image.hash or image.behind then require('kra.live').check(image) end
    end
  end
end

local function tell()
  asked = false
  local files = {}
  for _, image in pairs(new) do
    if images.get(image.buf) == image then table.insert(files, { path = image.path, hash = image.hash }) end
  end
  new = {}
  if #files > 0 and rpc().connected() then rpc().request('watch_file', { files = files }, taken_up, 10000) end
end

-- All that came within one turn of the main loop in one request.
local function soon()
  if asked then return end
  asked = true
  vim.schedule(tell)
end

---@param image kra.Image
function M.watch(image)
  new[image.buf] = image
  if rpc().connected() then soon() end
end

---@param image kra.Image
function M.unwatch(image)
  new[image.buf] = nil
  if not rpc().connected() then return end
  for _, other in pairs(images.all()) do
    if other ~= image and other.path == image.path then return end
  end
  rpc().request('unwatch_file', { paths = { image.path } }, function() end, 10000)
end

--- Right before a write of ours.
---@param image kra.Image
function M.claim(image)
  if not rpc().connected() then return end
  local text = require('kra.live.bytes').written(image.buf)
  -- One that was told and never written.
  if image.claimed then rpc().notify('claim', { path = image.path, hash = image.claimed, state = 'failed' }) end
  image.claimed = nil
  if not text then return end
  image.claimed = require('kra.live.disk').hash(text)
  rpc().notify('claim', { path = image.path, hash = image.claimed, size = #text })
end

--- Right after it: a formatter may have made another text of it than the one that was told.
---@param image kra.Image
function M.written(image)
  local claimed = image.claimed
  image.claimed = nil
  if not rpc().connected() then return end
  if not new[image.buf] and image.seq == nil then M.watch(image) end
  if image.hash == '' then return end
  if image.hash ~= claimed then
    local stat = vim.uv.fs_stat(image.path)
    rpc().notify('claim', { path = image.path, hash = image.hash, size = stat and stat.size or 0 })
  end
  rpc().notify('claim', { path = image.path, hash = image.hash, state = 'done' })
end

--- Its file was changed a while ago and the daemon, which watches it, told nothing.
---@param image kra.Image
function M.untold(image)
  if rpc().connected() and image.seq then rpc().notify('untold', { path = image.path }) end
end

--- Is a window of this editor pinned? For `kra status`.
function M.pinned()
  local now = package.loaded['kra.pin'] ~= nil and require('kra.pin').any()
  if now == told_pinned or not rpc().connected() then return end
  told_pinned = now
  rpc().notify('pinned', { pinned = now })
end

--- After a connection was made (again): the state of every loaded file is asked for.
function M.connected()
  for _, image in pairs(images.all()) do new[image.buf] = image end
  told_pinned = false
  soon()
  if root then M.root(root) end
  M.pinned()
end

function M.start()
  rpc().on_open('live', M.connected)
  if rpc().connected() then M.connected() end
end

--- Changes below a directory in which no file is loaded are to be told too.
---@param directory string?
function M.root(directory)
  if root and root ~= directory and rpc().connected() then rpc().request('unwatch_root', { root = root }, function() end, 10000) end
  root = directory
  if root and rpc().connected() then rpc().request('watch_root', { root = root }, function() end, 30000) end
end

local function number(value) return type(value) == 'number' and value or nil end
local function text(value) return type(value) == 'string' and value or nil end
-- Whom nobody named is "outside" in what is said.
local function writer(value) return value ~= 'external' and text(value) or '' end

-- What goes with a file git and a sync move themselves.
local function moves_all(by) return by == 'git' or by == 'sync' end

-- Edits as they may be: ranges in order, lines of text without ends.
local function hunks_of(list)
  if type(list) ~= 'table' then return nil end
  local out, last = {}, 0
  for i, hunk in ipairs(list) do
    if type(hunk) ~= 'table' or not number(hunk[1]) or not number(hunk[2]) or type(hunk[3]) ~= 'table' then return nil end
    if hunk[1] < last or hunk[2] < hunk[1] then return nil end
    for _, line in ipairs(hunk[3]) do
      if type(line) ~= 'string' or line:find('\n', 1, true) then return nil end
    end
    out[i], last = { hunk[1], hunk[2], hunk[3] }, hunk[2]
  end
  return out
end

--- The daemon's notice of one file that is loaded here.
---@param params table
function M.file_changed(params)
  local path = text(params.path) or ''
  if params.kind == 'rename' and text(params.from) then require('kra.live.move').renamed(params.from, path, moves_all(params.writer)) end
  for _, image in ipairs(images.of_path(path)) do
    local seq = number(params.seq)
    if not (seq and image.seq and seq <= image.seq) then
      image.seq = seq or image.seq
      local news = { hash = text(params.hash), writer = writer(params.writer), base = text(params.base), eol = params.eol,
        size = number(params.size), hunks = hunks_of(params.hunks) }
      if type(news.eol) ~= 'boolean' then news.eol = nil end
      if params.kind == 'delete' then news = { writer = news.writer } end
      require('kra.live').news(image, news)
    end
  end
end

--- The daemon's short note of a change in a root.
---@param params table
function M.files_changed(params)
  local files = type(params.files) == 'table' and params.files or {}
  for _, file in ipairs(files) do
    local kind = type(file) == 'table' and text(file.path) and file.kind
    if (kind == 'create' or kind == 'delete' or kind == 'rename') and #images.of_path(file.path) == 0 then
      local data = { path = file.path, kind = kind, from = text(file.from), writer = writer(file.writer), hunks = 0 }
      require('kra.notify').event('KraExternalChange', data)
      if kind == 'rename' and data.from then require('kra.live.move').renamed(data.from, file.path, moves_all(file.writer)) end
    end
  end
  require('kra.follow').noted(params)
end

return M
