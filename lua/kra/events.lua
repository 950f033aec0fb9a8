-- Autocommands -> one notification. Only when the set of visible files is another one after a quiet time:
--
--   event   x x  x    x                     x
--   timer   ├─├──├────├──── 500 ms ───┤     ├──── 500 ms ───┤
--   told                              ▲                       (the same files: nothing)
local M = {}
local api = vim.api
local uv = vim.uv

local timer ---@type uv.uv_timer_t?
local told = '' -- the files that were told last
local sequence = 0
local TRIES = 8
local tries = 0 -- that failed since the last event
local paused = false
local started = false

--- The files on the screens of all tabs, as one text.
---@return string
function M.visible()
  local buffers, names = require('kra.buffers'), {}
  for _, tab in ipairs(api.nvim_list_tabpages()) do
    for _, win in ipairs(api.nvim_tabpage_list_wins(tab)) do
      local buf = api.nvim_win_get_buf(win)
      if buffers.check(buf, true) then table.insert(names, api.nvim_buf_get_name(buf)) end
    end
    table.insert(names, '\1')
  end
  local text = table.concat(names, '\0')
  return text:find('[^%z\1]') and text or ''
end

-- Nobody is told: the same is tried later and later, also when no other event comes.
local function tell_later()
  if tries >= TRIES or paused then return end
  timer:start(require('kra.retry').pause(tries), 0, vim.schedule_wrap(M.ring))
  tries = tries + 1
end

local function tell(text)
  local socket = require('kra.daemon').tmux()
  if not socket then
    told = text
    return require('kra.session.directory').autosave(function() told = '' end)
  end
  sequence = sequence + 1
  local event = { source = 'editor', server = socket, client = require('kra.rpc').identity().id, seq = sequence }
  require('kra.rpc').notify('event', event, function(sent)
    if sent then told = text else tell_later() end
  end)
end

--- The end of the quiet time.
function M.ring()
  if paused or not require('kra.config').get().autosave.active then return end
  if require('kra.session.restore').pending() then return M.poke() end
  if require('kra.session.rules').blocked() then return end
  require('kra.draft.editors').tell_files()
  local now = M.visible()
  if now ~= told then tell(now) end
end

--- Something may have changed: the quiet time begins anew.
function M.poke()
  tries = 0
  if timer then timer:start(require('kra.config').get().autosave.editor_debounce_ms, 0, vim.schedule_wrap(M.ring)) end
end

--- What was told last may not have arrived.
function M.untold()
  told = ''
  if timer then tell_later() end
end

local function leave()
  local rpc = require('kra.rpc')
  if paused or require('kra.session.rules').blocked(true) then return end
  local directory = require('kra.session.directory')
  local key = require('kra.daemon').tmux() and rpc.identity().editor or directory.key()
  -- Writing marks looks for signals, and one that is waiting ends the process.
  pcall(directory.leave, 500, function() pcall(require('kra.session.shada').write, key) end)
end

local gone = false

--- The editor, or its screen, goes away. When a terminal does, all is still there at UILeave, and no more at VimLeavePre.
function M.leave()
  if not started then return end
  if not gone then leave() end
  gone = #api.nvim_list_uis() == 0 or vim.v.exiting ~= vim.NIL
end

function M.start()
  if started then return end
  started = true
  timer = assert(uv.new_timer())
  require('kra.buffers').watch()
  require('kra.live').start()
  require('kra.session.details').watch()
  require('kra.session.options').watch()
  local group = api.nvim_create_augroup('kra_events', {})
  api.nvim_create_autocmd({ 'BufWinEnter', 'BufFilePost', 'BufWritePost', 'BufDelete', 'WinNew', 'WinClosed', 'TabNewEntered', 'TabClosed' }, {
    group = group, desc = 'kra: the visible files may have changed', callback = M.poke,
  })
  api.nvim_create_autocmd({ 'UILeave', 'VimLeavePre' }, {
    group = group, desc = 'kra: save what an end of the editor would take', callback = M.leave,
  })
  api.nvim_create_autocmd('UIEnter', { group = group, desc = 'kra: somebody is here again', callback = function() gone = false end })
  M.poke()
end

---@param value boolean
function M.pause(value)
  paused = value
  require('kra.statusline').set_paused(value)
  require('kra.live').pause(value)
  if value or package.loaded['kra.sync'] then require('kra.sync').pause(value) end
  if not value then M.poke() end
end

function M.paused() return paused end

return M
