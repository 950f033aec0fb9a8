-- Disk -> buffer: every loaded file is known to the daemon, and what others write to it is in its buffer a moment later. Without a
-- daemon files are looked at when the editor gets the focus and before a command line.
local M = {}
local api = vim.api
local images = require('kra.live.image')

local WAITS_MS, RETRY_MS, WRITTEN_NOW_S, UNTOLD_S = 500, 10, 5, 2

local begun, started, paused = false, false, false
local active = true -- as it was applied last
local since = os.time()
local queue = {} ---@type table<integer, {news: kra.News, since: number}> by buffer: what waits until the user is out of the way
local timer ---@type uv.uv_timer_t?
local group ---@type integer
local read_again = {} ---@type table<integer, string> by buffer: what its file was when it was read twice

local function wanted() return started and not paused and require('kra.config').get().live.active end

-- In the middle of a command, a completion or a selection text must not move under the user. A selection waits as long as it lasts.
---@return boolean in_the_way
---@return boolean? for_long
local function in_the_way(buf)
  local mode = api.nvim_get_mode()
  if mode.blocking then return true, true end
  if api.nvim_get_current_buf() ~= buf then return false end
  if mode.mode:find('^[vVsS\22\19]') then return true, true end
  if mode.mode:find('^[cr]') or mode.mode:find('^no') or mode.mode:find('^i[cx]') then return true end
  return vim.fn.pumvisible() == 1
end

local function absorb(image, news)
  local ok, err = xpcall(require('kra.live.absorb').absorb, debug.traceback, image, news)
  if not ok then
    image.busy = false
    -- What was not brought in is not written over either.
    image.behind = 'it could not be brought in'
    require('kra.live.guard').arm(image)
    require('kra.notify').problem({ code = 'live', text = ('%s was not brought up to date: %s'):format(image.name, tostring(err):match('[^\n]*')) })
  end
end

local work_off

local function later()
  timer = timer or assert(vim.uv.new_timer())
  if not timer:is_active() then timer:start(RETRY_MS, 0, vim.schedule_wrap(work_off)) end
end

function work_off()
  local now = vim.uv.now()
  for buf, entry in pairs(queue) do
    local image = images.get(buf)
    local waits, long = in_the_way(buf)
    if not image then queue[buf] = nil
    elseif not waits or (not long and now - entry.since >= WAITS_MS) then
      queue[buf] = nil
      absorb(image, entry.news)
    end
  end
  if next(queue) then later() end
end

--- The file of this buffer is, or may be, another one.
---@param image kra.Image
---@param news? kra.News
function M.news(image, news)
  news = news or {}
  if not wanted() then return end
  local waiting = queue[image.buf]
  if not waiting and not in_the_way(image.buf) then return absorb(image, news) end
  -- What came before is not what is on disk any more: the disk decides.
  queue[image.buf] = { news = waiting and { writer = news.writer } or news, since = waiting and waiting.since or vim.uv.now() }
  later()
end

--- Looks at the disk where its identity is another one.
---@param image kra.Image
function M.check(image)
  if require('kra.live.disk').identity(image.path) ~= image.identity then M.news(image) end
end

-- What the user comes back to should have come in by itself. Notices that wait for this turn to end do not count, so the age does.
local function suspect(image)
  local identity, stat = require('kra.live.disk').identity(image.path)
  if stat and identity ~= image.identity and image.identity and os.time() - stat.mtime.sec > UNTOLD_S then require('kra.live.link').untold(image) end
end

---@param suspects? boolean whoever should have told is told
function M.check_all(suspects)
  for _, image in pairs(images.all()) do
    if suspects then suspect(image) end
    M.check(image)
  end
end

local function give_back(image)
  if not image.autoread or not api.nvim_buf_is_valid(image.buf) then return end
  pcall(api.nvim_buf_call, image.buf, function() vim.cmd(image.autoread) end)
  image.autoread = nil
end

-- Two must not act on one buffer: Neovim's own reload is off here as long as ours is on.
local function take_over(image)
  if image.autoread then return end
  local said = api.nvim_buf_call(image.buf, function() return vim.trim(vim.fn.execute('setlocal autoread?')) end)
  image.autoread = said:sub(1, 2) == '--' and 'set autoread<' or 'setlocal ' .. said
  vim.bo[image.buf].autoread = false
end

local function forget(image)
  images.remove(image)
  queue[image.buf] = nil
  require('kra.live.guard').disarm(image)
  require('kra.live.conflict').clear(image.buf)
  require('kra.live.link').unwatch(image)
  if api.nvim_buf_is_loaded(image.buf) then give_back(image) end
end

-- A file that was written while it was read is read again, once. Where a plugin shows something else than the bytes nothing is compared.
local function compare(image)
  local same, differs = images.look(image)
  if same or not differs or image.foreign or read_again[image.buf] == image.identity then return end
  local stat = vim.uv.fs_stat(image.path)
  if not stat or stat.mtime.sec < os.time() - WRITTEN_NOW_S then return end
  read_again[image.buf] = image.identity
  require('kra.live.absorb').reload(image)
end

-- Neovim has read it again: nothing of ours hangs on it any more.
local function reloaded(image)
  require('kra.live.guard').disarm(image)
  require('kra.live.conflict').clear(image.buf)
  vim.schedule(function()
    if images.get(image.buf) == image and api.nvim_buf_is_loaded(image.buf) and not vim.bo[image.buf].modified then compare(image) end
  end)
end

local function belongs(buf)
  if not api.nvim_buf_is_loaded(buf) then return false end
  local name = api.nvim_buf_get_name(buf)
  return name ~= '' and api.nvim_get_option_value('buftype', { buf = buf }) == '' and require('kra.buffers').check(buf, true)
end

--- From now on this buffer follows its file.
---@param buf integer
---@param fresh? boolean it was read just now
---@return kra.Image?
function M.register(buf, fresh)
  if not wanted() or not belongs(buf) then return end
  local image = images.add(buf, reloaded, forget)
  if not image then return end
  image.foreign = require('kra.live.guard').foreign(buf)
  take_over(image)
  if not api.nvim_get_option_value('modified', { buf = buf }) then compare(image)
  elseif image.hash == '' and (fresh or require('kra.live.disk').older_than_us(image.path)) then images.assume(image) end
  require('kra.live.link').watch(image)
  return image
end

-- A write of our own: told before it happens, and what is on disk then is the common text.
local function before_write(event)
  local image = images.get(event.buf)
  if image and (event.match == image.name or require('kra.live.disk').real(event.match) == image.path) then require('kra.live.link').claim(image) end
end

local function after_write(event)
  local image = images.get(event.buf)
  if not image then return M.register(event.buf) end
  if event.match ~= image.name and require('kra.live.disk').real(event.match) ~= image.path then return end
  -- A link may have become a file of its own.
  image.path = require('kra.live.disk').real(image.name)
  require('kra.live.base').drop(image.path)
  require('kra.live.conflict').clear(image.buf)
  if not vim.bo[image.buf].modified then
    local same, differs = images.look(image)
    if not same and differs then
      -- Somebody wrote right after us: what we wrote is the common text.
      image.lines, image.hash, image.identity, image.tick = api.nvim_buf_get_lines(image.buf, 0, -1, false), 'what we wrote', nil, -1
      M.news(image)
    end
  end
  image.foreign = require('kra.live.guard').foreign(image.buf)
  require('kra.live.link').written(image)
end

-- Undo can lead to a text that was saved once and is not on disk any more.
local function check_flag(event)
  local image = images.get(event.buf)
  if not image or not image.patched or image.busy or image.gone or image.behind or vim.bo[event.buf].modified then return end
  -- Under another name it is another file's text.
  if image.name == api.nvim_buf_get_name(event.buf) and not images.in_step(image) then vim.bo[event.buf].modified = true end
end

-- Neovim found out by itself. Nothing is asked; what is to be done we do.
local function file_changed(event)
  local image = images.get(event.buf)
  if not image then return end
  if not wanted() then
    vim.v.fcs_choice = 'ask'
    return
  end
  vim.v.fcs_choice = require('kra.live.absorb').reloading(event.buf) and 'reload' or ''
  vim.schedule(function()
    if images.get(event.buf) == image then M.check(image) end
  end)
end

-- A part of the buffer went into its own file, or behind it: what is there now is the common text, and the buffer holds more.
local function after_part(event)
  local image = images.get(event.buf)
  if not image or (event.match ~= image.name and require('kra.live.disk').real(event.match) ~= image.path) then return end
  local now = require('kra.live.disk').read(image.path, require('kra.live.bytes').MOST_BYTES)
  local lines, eol
  if now then lines, eol = require('kra.live.bytes').lines(now.bytes, image.buf) end
  if not lines then return end
  images.synced(image, now.hash, now.identity, eol == true)
  image.lines, image.tick = lines, -1
  require('kra.live.guard').arm(image)
  if not images.in_step(image) then vim.bo[image.buf].modified = true end
  require('kra.live.link').written(image)
end

-- Nobody is to be asked whether to write over what is known to be new: it comes in before the command is carried out.
local function before_command()
  if vim.v.event.abort then return end
  local current = api.nvim_get_current_buf()
  for buf, image in pairs(vim.tbl_extend('force', {}, images.all())) do
    local entry = queue[buf]
    queue[buf] = nil
    if entry then absorb(image, entry.news)
    elseif (buf == current or vim.bo[buf].modified) and require('kra.live.disk').identity(image.path) ~= image.identity and wanted() then
      absorb(image, {})
    end
  end
end

local function on(events, desc, callback, pattern)
  api.nvim_create_autocmd(events, { group = group, desc = desc, callback = callback, pattern = pattern })
end

local function soon(work)
  return function(event)
    vim.schedule(function()
      if api.nvim_buf_is_valid(event.buf) then work(event) end
    end)
  end
end

local function watch_events()
  group = api.nvim_create_augroup('kra_live', {})
  on({ 'BufReadPost', 'BufNewFile' }, 'kra: follow the file of this buffer', soon(function(event)
    local image = images.get(event.buf)
    if image then reloaded(image) end
    M.register(event.buf, true)
  end))
  on({ 'BufEnter', 'BufWinEnter' }, 'kra: follow what was loaded without a word', function(event)
    if not images.get(event.buf) then soon(function() M.register(event.buf) end)(event) end
  end)
  on('BufFilePost', 'kra: follow the file of another name', soon(function(event) M.register(event.buf) end))
  on('BufWritePre', 'kra: this write is our own', before_write)
  on('BufWritePost', 'kra: buffer and file are the same now', after_write)
  on({ 'FileWritePost', 'FileAppendPost' }, 'kra: the file is another one now', after_part)
  on('BufModifiedSet', 'kra: what is not on disk is modified', check_flag)
  on('FileChangedShell', 'kra: changed files are merged, not asked about', file_changed)
  on('VimResume', 'kra: look for files that changed', function() M.check_all() end)
  on('FocusGained', 'kra: look for files that changed', function() M.check_all(true) end)
  on('CmdlineLeave', 'kra: look before a command may write', before_command, ':')
  on('ColorScheme', 'kra: colours of changes', function() require('kra.live.conflict').highlights() end)
end

--- Begins with the buffers that are loaded.
function M.start()
  begun = true
  if started or not require('kra.config').get().live.active then return end
  started, active = true, true
  require('kra.live.guard').setup({
    absorb = function(image) absorb(image, {}) end,
    conflicts = function(image) return require('kra.live.conflict').count(image.buf) end,
    mine = function(image)
      require('kra.live.conflict').clear(image.buf)
      image.behind = nil
    end,
  })
  require('kra.live.conflict').highlights()
  watch_events()
  for _, buf in ipairs(api.nvim_list_bufs()) do M.register(buf) end
  require('kra.live.link').start()
  require('kra.follow').start()
end

--- Everything as it was before: Neovim's own reload is on again where it was.
function M.stop()
  begun = false
  if not started then return end
  started = false
  api.nvim_del_augroup_by_id(group)
  for _, image in pairs(vim.tbl_extend('force', {}, images.all())) do forget(image) end
end

local function hand_over()
  for _, image in pairs(images.all()) do
    if paused or not active then give_back(image) else take_over(image) end
  end
  if paused or not active or not started then return end
  for _, buf in ipairs(api.nvim_list_bufs()) do M.register(buf) end
  M.check_all()
end

--- While it is paused Neovim does what it does without us.
---@param value boolean
function M.pause(value)
  if paused == value then return end
  paused = value
  hand_over()
end

--- The settings may be others.
function M.apply()
  if begun and not started then return M.start() end
  local now = require('kra.config').get().live.active
  if not started or now == active then return end
  active = now
  hand_over()
end

--- When this editor began to follow files, in seconds.
function M.since() return since end

--- What this editor knows, for `status` and :checkhealth.
---@return {active: boolean, files: integer, behind: integer, conflicts: integer}
function M.status()
  local out = { active = wanted(), files = 0, behind = 0, conflicts = 0 }
  for _, image in pairs(images.all()) do
    out.files = out.files + 1
    if image.behind or image.gone then out.behind = out.behind + 1 end
    out.conflicts = out.conflicts + require('kra.live.conflict').count(image.buf)
  end
  return out
end

return M
