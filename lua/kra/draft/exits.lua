-- The moments in which unsaved text has to be out, and what ends it. Which of them still sees the text:
--
--   BufLeave FocusLost            yes    sent, not waited for
--   VimSuspend UILeave            yes    in the journal before it goes on; a terminal that goes away ends here
--   BufUnload                     yes    let go on purpose: kept under `discarded`
--   SIGTERM SIGHUP to ourselves   no     a handler that runs before the unload appends what the edits left
--   VimLeavePre                   no     what the edits left, or was not acknowledged, is appended
--   none (SIGKILL)                no     what the net holds is taken in by whoever finds it
local M = {}
local api = vim.api
local uv = vim.uv
local records = require('kra.draft.records')

local signals = {} ---@type uv.uv_signal_t[]

local function draft() return require('kra.draft') end

--- Is this an editor whose text is kept?
---@return boolean
function M.wanted()
  if vim.env.KRA_DISABLE == '1' or #api.nvim_list_uis() == 0 then return false end
  return true
end

-- The buffer is about to lose its text. One that is modified is let go on purpose: a death of the editor does not come here.
local function unload(buf)
  local rec = records.get(buf)
  if not rec then return end
  if api.nvim_get_option_value('modified', { buf = buf }) then
    if rec.dirty or rec.scan then
      rec.dirty = true
      draft().flush(true)
    end
    if rec.sent then draft().ended(rec, 'discarded') end
  elseif rec.sent then
    draft().ended(rec, 'saved')
  end
  records.reset(rec)
end

local function based(event)
  if event.event == 'BufReadPost' then
    vim.schedule(function()
      if api.nvim_buf_is_loaded(event.buf) and vim.bo[event.buf].buftype == '' then pcall(require('kra.draft.notice').opened, event.buf) end
    end)
  end
  local rec = records.get(event.buf)
  if not rec then return draft().attach(event.buf) end
  records.rebase(rec)
  rec.known = records.meta(rec)
  if event.event ~= 'BufWritePost' then return end
  if not api.nvim_get_option_value('modified', { buf = event.buf }) then draft().ended(rec, 'saved') end
end

local function renamed(event)
  local rec = records.get(event.buf)
  if not rec then return draft().attach(event.buf) end
  rec.known = records.meta(rec)
  if draft().excluded(event.buf) then draft().hide(rec, true) end
  if api.nvim_get_option_value('modified', { buf = event.buf }) then
    rec.dirty = true
    require('kra.draft.clock').poke()
  end
end

-- Modal questions come up later than this: here files are only looked at again.
local function check_disk()
  vim.schedule(function()
    if api.nvim_get_mode().blocking or vim.fn.getcmdwintype() ~= '' then return end
    pcall(require('kra.draft.conflict').look)
  end)
end

local rows = {
  { { 'BufReadPost', 'BufNewFile', 'BufWritePost' }, 'kra: know the file that this text is a change of', based },
  { { 'BufEnter', 'BufWinEnter', 'InsertEnter', 'FileType' }, 'kra: watch this text', function(event)
    if not records.get(event.buf) then pcall(draft().attach, event.buf) end
  end },
  { { 'BufAdd' }, 'kra: watch this text', function(event)
    vim.schedule(function()
      if api.nvim_buf_is_valid(event.buf) then pcall(draft().attach, event.buf) end
    end)
  end },
  { { 'BufFilePost' }, 'kra: the text has another name', renamed },
  { { 'BufUnload' }, 'kra: text that is let go stays listed', function(event) unload(event.buf) end },
  { { 'BufLeave', 'FocusLost' }, 'kra: keep unsaved text now', function()
    if require('kra.draft.clock').waiting() then draft().flush() end
  end },
  { { 'VimSuspend', 'UILeave' }, 'kra: unsaved text is out before it goes on', function(event)
    -- A terminal that goes away sends a signal, which Neovim obeys as soon as it looks, at the latest after this autocommand: the session
    -- is saved in it, and neither waits for a disk or an undo file.
    local suspend = event.event == 'VimSuspend'
    draft().flush(true, suspend)
    if suspend then require('kra.draft.undo').now() else require('kra.events').leave() end
  end },
  { { 'VimLeavePre' }, 'kra: append what was not acknowledged', function() draft().emergency() end },
  { { 'VimLeave' }, 'kra: unsaved text is in its journal', function() require('kra.draft.net').stop() end },
  { { 'FocusGained', 'VimResume' }, 'kra: look at the files again', check_disk },
}

-- One that fails sends what is there and disturbs nobody.
local function safely(act)
  return function(event)
    local ok, err = pcall(act, event)
    if ok then return end
    require('kra.notify').say('drafts: ' .. tostring(err), 'error')
    pcall(draft().emergency)
  end
end

function M.install()
  local group = api.nvim_create_augroup('kra_draft', {})
  for _, row in ipairs(rows) do api.nvim_create_autocmd(row[1], { group = group, desc = row[2], callback = safely(row[3]) }) end
  for _, name in ipairs({ 'sigterm', 'sighup' }) do
    local signal = uv.new_signal()
    if signal then
      signal:start(name, function() pcall(draft().emergency) end)
      signal:unref()
      table.insert(signals, signal)
    end
  end
end

function M.remove()
  pcall(api.nvim_del_augroup_by_name, 'kra_draft')
  for _, signal in ipairs(signals) do
    signal:stop()
    if not signal:is_closing() then signal:close() end
  end
  signals = {}
end

return M
