-- What happens when Neovim starts: a saved session comes back, and a little later the daemon gets to know this editor.
local M = {}

local SCREEN_WAITS_MS, LATEST_MS = 2000, 15000

local release ---@type fun()?
local asking = false

--- Has this editor asked for its state and not got it yet?
function M.restoring() return asking end

--- Before files are opened: those of the command line may have swap files of the editor that was killed.
function M.prepare() release = require('kra.session.swap').hold() end

local SAY_AFTER_MS, SESSION_MS = 200, 2000

-- Nothing could be brought back: a plain start, said once, after the first screen.
local function plain(why)
  vim.defer_fn(function() require('kra.notify').say('this editor starts plain: ' .. why, 'warn') end, SAY_AFTER_MS)
end

local function let_go()
  asking = false
  if release then release() end
  release = nil
end

-- The answer: before the first screen as a rule. One that comes late finds perhaps somebody at work already.
local function arrived(editor, err, result)
  asking = false
  local state = not err and type(result) == 'table' and result.state
  if type(state) ~= 'table' then
    plain(err and err.what or 'its session is not stored')
  elseif #vim.fn.getbufinfo({ bufmodified = 1 }) > 0 then
    plain('its session came late and this editor is in use')
  else
    require('kra.session').restore(state, { shada = editor, editor = editor })
  end
  let_go()
end

--- In a restored pane: asks for the state of the editor that was here and rebuilds it before the first screen. An editor that is a job of
--- another one (its init.lua may start one before this) has only inherited the variables.
function M.restore()
  local editor, generation = vim.env.KRA_EDITOR, vim.env.KRA_GENERATION
  vim.env.KRA_EDITOR, vim.env.KRA_GENERATION = nil, nil
  if vim.env.NVIM or not (editor and editor:find('^[%w-]+$') and generation and generation ~= '') then return let_go() end
  require('kra.rpc').become(editor)
  asking = true
  local params = { editor = editor, generation = generation }
  require('kra.rpc').request('session_get', params, function(err, result) arrived(editor, err, result) end, LATEST_MS)
  vim.wait(SCREEN_WAITS_MS, function() return not asking end, 1)
end

local function auto_restore()
  local directory, rules = require('kra.session.directory'), require('kra.session.rules')
  if not require('kra.config').get().session.auto_restore or not directory.active() or not rules.started_for_directory() then return end
  if not require('kra.session.capture').is_empty((require('kra.session').capture())) then return end
  directory.restore(directory.key(), function(why)
    if why and not why:find('^there is no session') then require('kra.notify').say('not restored: ' .. why, 'warn') end
  end)
end

--- Once a user interface is there: watch, and connect without starting a daemon for it.
function M.begin()
  if require('kra.draft.exits').wanted() then
    require('kra.draft').start()
    require('kra.write').apply()
  end
  if require('kra.session.rules').blocked() then return end
  require('kra.events').start()
  require('kra.rpc').connect(function()
    auto_restore()
    -- What comes back with the session is not to be told before.
    local pause = require('kra.config').get().session.auto_restore and SESSION_MS or 0
    vim.defer_fn(function() require('kra.draft.notice').started() end, pause)
  end, false)
end

return M
