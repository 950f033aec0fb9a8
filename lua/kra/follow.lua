-- Follow: a window shows where others write. The focus never moves, and nothing happens in a window in which somebody is at work.
--
--   a note of one changed file ──► dwell over? ── no ──► kept, the newest wins ──► timer
--                                      │ yes
--                                      ▼
--                      pinned, gone, busy with keys, a git operation? ── yes ──► nothing, or later
--                                      │ no
--                                      ▼  the file at the changed line, centred
local M = {}
local api = vim.api
local uv = vim.uv

local KEYS_MS, LATER_MS = 2000, 250

---@class kra.Target
---@field path string
---@field line integer
---@field by string
---@field added? integer
---@field removed? integer

local mode ---@type 'off'|'window'|'current'|nil nil: what the settings say
local window ---@type integer?
local directory ---@type string? only files below it
local pending ---@type kra.Target?
local shown ---@type kra.Target?
local shown_at = -math.huge
local key_at = -math.huge
local timer ---@type uv.uv_timer_t?
local listening = false
local begun = false
local as_set ---@type string? live.follow as it was applied last
local moving = false -- we are showing something ourselves
local unopened ---@type 'split'|'vsplit'|nil the window that the first change opens, as the settings say or as it was here last time
local notes = 0

---@return 'off'|'window'|'current'
function M.mode() return mode or require('kra.config').get().live.follow end

--- The follow window, while there is one.
---@return integer?
function M.window()
  if window and api.nvim_win_is_valid(window) then return window end
end

--- "follow src/a.c:41 +12-3 agent", for the bar of that window.
---@return string?
function M.text(win)
  if M.mode() == 'off' or (M.mode() == 'window' and win ~= M.window()) then return nil end
  if not shown then return 'follow' end
  local counts = shown.added and ('+%d-%d '):format(shown.added, shown.removed or 0) or ''
  return vim.trim(('follow %s:%d %s%s'):format(vim.fn.fnamemodify(shown.path, ':~:.'), shown.line, counts, shown.by))
end

-- In the window in use nothing happens while keys come.
local function busy(win)
  if win ~= api.nvim_get_current_win() then return false end
  local now = api.nvim_get_mode()
  return now.mode ~= 'n' or now.blocking or uv.now() - key_at < KEYS_MS
end

-- Windows of plugins, previews, floats and command-line windows are nobody's to take.
local function takeable(win)
  if not win or not api.nvim_win_is_valid(win) or require('kra.pin').pinned(win) then return false end
  if api.nvim_win_get_config(win).relative ~= '' or vim.fn.win_gettype(win) ~= '' then return false end
  local buf = api.nvim_win_get_buf(win)
  if vim.bo[buf].buftype ~= '' then return false end
  if vim.fn.exists('&winfixbuf') == 1 and vim.wo[win].winfixbuf then return false end
  return vim.fn.getcmdwintype() == ''
end

local function target_window()
  if M.mode() == 'window' and unopened and not M.window() then
    window = require('kra.follow.place').unasked(unopened)
    if window then unopened = nil end
  end
  if M.mode() == 'window' then return M.window() end
  local win = api.nvim_get_current_win()
  if not vim.bo[api.nvim_win_get_buf(win)].modified then return win end
end

-- The buffer of a file, loaded without a question about swap files. It is listed when somebody works in it.
local function loaded(path)
  local stat = uv.fs_stat(path)
  if not stat or stat.type ~= 'file' or stat.size > require('kra.live.bytes').MOST_BYTES then return nil end
  local known = vim.fn.bufexists(path) == 1
  -- By the name that is shown of files that somebody opened by hand.
  local ok, buf = pcall(require('kra.draft.recover').load, vim.fn.fnamemodify(path, ':.'))
  if not ok or not api.nvim_buf_is_loaded(buf) then return nil end
  if not known then vim.bo[buf].buflisted = false end
  return buf
end

local function centre(win, line)
  api.nvim_win_set_cursor(win, { math.max(1, math.min(line, api.nvim_buf_line_count(api.nvim_win_get_buf(win)))), 0 })
  api.nvim_win_call(win, function() vim.cmd('normal! zvzz') end)
end

---@param win integer
---@param target kra.Target
local function show(win, target)
  local focus, before = api.nvim_get_current_win(), api.nvim_win_get_buf(win)
  local buf = loaded(target.path)
  if not buf or not api.nvim_win_is_valid(win) then return end
  if buf ~= before then
    -- A modified buffer may only be left where it can be hidden.
    if vim.bo[before].modified and not vim.o.hidden and #vim.fn.win_findbuf(before) < 2 then return end
    api.nvim_win_set_buf(win, buf)
  end
  centre(win, target.line)
  require('kra.changes').flash(buf, target.line, target.added)
  if api.nvim_get_current_win() ~= focus and api.nvim_win_is_valid(focus) then api.nvim_set_current_win(focus) end
  shown, shown_at = target, uv.now()
  require('kra.pin').show(win)
end

local arm

local function ring()
  local target, win = pending, target_window()
  if not target or M.mode() == 'off' then return end
  if not takeable(win) then
    pending = nil
    return
  end
  ---@cast win integer
  if busy(win) then return arm(LATER_MS) end
  pending = nil
  moving = true
  local ok, err = pcall(show, win, target)
  moving = false
  if not ok then require('kra.notify').say('follow: ' .. tostring(err), 'debug') end
end

function arm(ms)
  timer = timer or assert(uv.new_timer())
  timer:start(math.max(0, ms), 0, vim.schedule_wrap(ring))
end

--- One file was changed at this line.
---@param target kra.Target
function M.go(target)
  if M.mode() == 'off' or require('kra.pin').all() then return end
  if directory and not vim.startswith(target.path, directory .. '/') then return end
  pending = target
  local rest = shown and shown.path ~= target.path and require('kra.config').get().live.follow_dwell_ms - (uv.now() - shown_at) or 0
  if rest > 0 then arm(rest) else ring() end
end

--- The daemon's note: followed only when one file changed by itself, not many at once and not by git.
---@param params table
function M.noted(params)
  local file = type(params.files) == 'table' and params.files[1]
  if type(params.text) == 'string' and params.text ~= '' and params.single ~= true then require('kra.notify').say(params.text, 'info') end
  if params.single ~= true or type(file) ~= 'table' or type(file.path) ~= 'string' or file.kind == 'delete' or M.mode() == 'off' then return end
  notes = notes + 1
  local by = type(file.writer) == 'string' and file.writer ~= 'external' and file.writer or ''
  local target = { path = file.path, line = tonumber(file.line), by = by,
    added = tonumber(file.added), removed = tonumber(file.removed) }
  if target.line or file.kind ~= 'modify' then return M.go(vim.tbl_extend('keep', target, { line = 1 })) end
  -- Nobody had it loaded, so nobody knows which line it was.
  local number = notes
  require('kra.follow.line').find(file.path, function(found)
    if number == notes then M.go(vim.tbl_extend('keep', target, found or { line = 1 })) end
  end)
end

-- Typing in the follow window is a wish to stay.
local function typed()
  local win = M.window()
  if moving or not win or win ~= api.nvim_get_current_win() or require('kra.pin').pinned(win) then return end
  vim.bo[api.nvim_win_get_buf(win)].buflisted = true
  require('kra.pin').set(win, true)
  require('kra.notify').say('pinned: you typed in the follow window; :Kra follow goes on', 'info', true)
end

local function listen(on)
  if on == listening then return end
  listening = on
  local ns = api.nvim_create_namespace('kra_follow')
  if not on then
    vim.on_key(nil, ns)
    pcall(api.nvim_del_augroup_by_name, 'kra_follow')
    return
  end
  vim.on_key(function() key_at = uv.now() end, ns)
  local group = api.nvim_create_augroup('kra_follow', {})
  local function changed(event)
    -- A change from outside is nobody's typing.
    local image = require('kra.live.image').get(event.buf)
    if event.event == 'InsertEnter' or vim.bo[event.buf].modified and not (image and image.busy) then typed() end
  end
  api.nvim_create_autocmd({ 'InsertEnter', 'TextChanged' }, { group = group, desc = 'kra: typing in the follow window pins it', callback = changed })
end

--- `off`; `here` (or nothing): this window (or `win`) follows; `split` or `vsplit`: a new one beside it does; `current`: the window in use goes
--- along.
---@param what? string
---@param below? string only files below this directory
---@param win? integer
function M.set(what, below, win)
  local before = M.window()
  directory = below and (uv.fs_realpath(vim.fn.fnamemodify(below, ':p')) or vim.fn.fnamemodify(below, ':p'):gsub('/$', '')) or nil
  pending, shown, shown_at, unopened = nil, nil, -math.huge, nil
  if what == 'off' then
    mode, window = 'off', nil
  elseif what == 'current' then
    mode, window = 'current', nil
  else
    mode, window = 'window', win or api.nvim_get_current_win()
    if what == 'split' or what == 'vsplit' then window = require('kra.follow.place').beside(what) end
    vim.w[window].kra_pinned = nil
  end
  require('kra.pin').watch()
  listen(mode ~= 'off')
  if before then require('kra.pin').show(before) end
  if window then require('kra.pin').show(window) end
  require('kra.statusline').set_part('pin', require('kra.pin').word())
  -- Changes of the project are to be told though none of its files is loaded here.
  require('kra.live.link').root(mode ~= 'off' and (directory or require('kra.follow.place').watchable()) or nil)
end

local function begin(what, below)
  directory = below
  if M.mode() == 'window' then unopened = what or 'vsplit' end
  listen(true)
  require('kra.live.link').root(directory or require('kra.follow.place').watchable())
end

--- As it was in this project, else as the settings say, when the live part begins.
function M.start()
  begun, as_set = true, require('kra.config').get().live.follow
  if mode then return end
  local what, below = require('kra.follow.memory').get(require('kra.follow.place').project())
  if what == 'current' then return M.set(what, below) end
  if not what and M.mode() == 'off' then return end
  if what then mode = 'window' end
  begin(what, below)
end

--- The settings may be others. What was chosen here by hand stays.
function M.apply()
  local now = require('kra.config').get().live.follow
  if not begun or mode or now == as_set then return end
  as_set = now
  pending, shown, unopened = nil, nil, nil
  if now ~= 'off' then return begin() end
  listen(false)
  require('kra.live.link').root(nil)
end

--- For the session.
---@return table?
function M.save()
  if M.mode() == 'current' and mode then return { what = 'current', below = directory } end
  for _, place in ipairs(M.window() and require('kra.pin').places() or {}) do
    if place.win == window then return { what = 'here', below = directory, tab = place.tab, number = place.number } end
  end
end

---@param state any what save() gave, perhaps damaged
function M.restore(state)
  if type(state) ~= 'table' then return end
  local below = type(state.below) == 'string' and vim.fn.isdirectory(state.below) == 1 and state.below or nil
  if state.what == 'current' then return M.set('current', below) end
  for _, place in ipairs(require('kra.pin').places()) do
    if place.tab == state.tab and place.number == state.number then M.set('here', below, place.win) end
  end
end

--- The editor of a tmux pane that is there to follow: its one window does.
---@param below? string
function M.accompany(below)
  require('kra.live').start()
  require('kra.rpc').connect(function() end, true)
  M.set('here', below)
end

local function pane(below)
  require('kra.follow.place').pane(below, function(err)
    if err then return require('kra.notify').say('no pane: ' .. err, 'error', true) end
    require('kra.notify').say('the pane beside this one shows where others write', 'info', true)
  end)
end

--- :Kra follow
---@param arguments string[]
function M.command(arguments)
  local what, below = arguments[1], arguments[2]
  local known = { off = true, here = true, split = true, vsplit = true, current = true, tmux = true }
  if what and not known[what] then what, below = 'here', what end
  if below and vim.fn.isdirectory(below) == 0 then return require('kra.notify').say(below .. ' is no directory', 'error', true) end
  if what == 'tmux' then return pane(below and vim.fn.fnamemodify(below, ':p')) end
  M.set(what, below)
  local kept = what ~= 'off' and (what or 'here') or nil
  require('kra.follow.memory').keep(require('kra.follow.place').project(), kept, directory)
  local said = { off = 'follow is off', current = 'the window in use goes where others write' }
  require('kra.notify').say(said[M.mode()] or 'this window shows where others write', 'info', true)
end

return M
