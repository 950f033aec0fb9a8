-- kra for Neovim: the public functions. Everything works without setup(); `vim.g.kra` or setup() override.
local M = {}

M.version = '0.1.0'

--- Merges options; what is not known is reported with its path.
---@param opts? kra.SetupOpts|fun(): kra.SetupOpts
function M.setup(opts) require('kra.config').apply(opts) end

--- The same, while Neovim runs.
---@param opts kra.SetupOpts
function M.configure(opts) require('kra.config').apply(opts) end

---@class kra.SaveOpts
---@field name? string
---@field message? string
---@field write? boolean write modified files first
---@field quiet? boolean say nothing when it went well

local function say_saved(opts, err, text)
  if err then require('kra.notify').say('not saved: ' .. err, 'error', true)
  elseif not opts.quiet then require('kra.notify').say(text, 'info', true) end
end

local function plural(count, noun) return ('%d %s%s'):format(count or 0, noun, count == 1 and '' or 's') end

local function save_workspace(opts, socket, finish)
  local params = { server = socket, name = opts.name or '', message = opts.message or '', reason = 'manual' }
  require('kra.rpc').request('save', params, function(err, result)
    if err then return finish(err.what) end
    local counts = {}
    for _, noun in ipairs({ 'session', 'window', 'pane', 'editor' }) do table.insert(counts, plural(result[noun .. 's'], noun)) end
    finish(nil, ('saved %s@%s: %s, %d ms'):format(result.name, result.generation, table.concat(counts, ', '), result.duration_ms or 0), result)
  end, 30000)
end

local function save_session(opts, finish)
  local directory = require('kra.session.directory')
  local key = directory.key(opts.name)
  directory.put(key, function(err, result) finish(err and err.what, 'saved the session of ' .. key:gsub('^%a+:', ''), result) end, true)
end

--- Saves now: inside tmux the workspace, outside the session of this directory, or the one with this name.
---@param opts? kra.SaveOpts
---@param cb? fun(err: string?, result: table?)
function M.save(opts, cb)
  opts = opts or {}
  require('kra.rpc').try_now()
  if opts.write then
    local report = require('kra.write').files()
    for _, failure in ipairs(report.failed) do
      require('kra.notify').say(('%s was not written: %s'):format(failure.path, failure.what), 'error', true)
    end
  end
  local socket = require('kra.daemon').tmux()
  pcall(require('kra.session.shada').write, socket and require('kra.rpc').identity().editor or require('kra.session.directory').key(opts.name))
  local function finish(err, text, result)
    say_saved(opts, err, text)
    if cb then cb(err, result) end
  end
  if socket then save_workspace(opts, socket, finish) else save_session(opts, finish) end
end

--- Brings back the session of this directory, or the one with this name, into this editor. No modified buffer is let go.
---@param opts? {name?: string}
---@param cb? fun(err: string?)
function M.restore(opts, cb)
  local directory = require('kra.session.directory')
  require('kra.rpc').try_now()
  directory.restore(directory.key(opts and opts.name), function(err)
    if err then require('kra.notify').say('not restored: ' .. err, 'error', true) end
    if cb then cb(err) end
  end)
end

--- Pins a window (this one), or the whole editor, or lets it go; without `on` the other way round.
---@param opts? {win?: integer, all?: boolean, on?: boolean}
function M.pin(opts)
  opts = opts or {}
  local pin = require('kra.pin')
  if opts.on == nil then return pin.toggle(opts.all) end
  if opts.all then return pin.set_all(opts.on) end
  local win = opts.win and opts.win ~= 0 and opts.win or vim.api.nvim_get_current_win()
  pin.set(win, opts.on)
end

--- Shows where others write: 'here', 'split', 'vsplit', 'current' or 'off'.
---@param what? string
---@param directory? string only files below it
function M.follow(what, directory) require('kra.follow').set(what, directory) end

--- What this editor knows by itself; nothing is asked.
---@return {connected: boolean, paused: boolean, blocked: string?, editor: string, text: string, excluded: table[], drafts: table,
---live: table, problems: kra.Problem[]}
function M.status()
  return {
    connected = require('kra.rpc').connected(), paused = require('kra.events').paused(), blocked = require('kra.session.rules').blocked(),
    editor = require('kra.rpc').identity().editor, text = M.statusline(), excluded = require('kra.buffers').excluded(),
    drafts = require('kra.draft').status(), live = require('kra.live').status(),
    problems = require('kra.notify').problems(),
  }
end

--- What was measured in this editor: for each operation count, failures, average and percentiles of the last hundred, in ms of the main
--- loop. `cb` gets the daemon's figures beside them.
---@param cb? fun(err: string?, figures: table)
---@return table<string, kra.Figures>
function M.metrics(cb)
  local here = require('kra.draft.alive').metrics()
  if cb then
    require('kra.rpc').request('metrics', {}, function(err, result)
      cb(err and err.what, { editor = here, daemon = not err and result or nil })
    end, 3000)
  end
  return here
end

--- For a status line: a kept text, no message is sent.
---@return string
function M.statusline() return require('kra.statusline').text() end

--- State of other plugins goes with the session: on_save gives plain data, on_restore gets it back.
---@param extension kra.Extension
function M.register_extension(extension) require('kra.session.extensions').register(extension) end

return M
