-- The :Kra command: one row for each subcommand. Completion reads the same rows and always gives a sorted list.
local M = {}
local api = vim.api

local function notify(text, level) require('kra.notify').say(text, level or 'info', true) end

-- Text in a small float that `q` and Escape close.
local function float(title, lines)
  local printable = require('kra.notify').printable
  for i, line in ipairs(lines) do lines[i] = printable(line):gsub('\n', ' ') end
  local width = 20
  for _, line in ipairs(lines) do width = math.max(width, vim.fn.strdisplaywidth(line)) end
  width = math.max(1, math.min(width, vim.o.columns - 4))
  local rows = 0
  for _, line in ipairs(lines) do rows = rows + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width)) end
  local height = math.max(1, math.min(rows, vim.o.lines - 4))
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable, vim.bo[buf].filetype = 'wipe', false, 'kra'
  local win = api.nvim_open_win(buf, true, {
    relative = 'editor', style = 'minimal', border = 'rounded', title = ' ' .. title .. ' ', width = width, height = height,
    row = math.max(0, math.floor((vim.o.lines - height) / 2) - 1), col = math.max(0, math.floor((vim.o.columns - width) / 2)),
  })
  vim.wo[win].wrap, vim.wo[win].breakindent, vim.wo[win].breakindentopt = true, true, 'shift:12'
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, function() pcall(api.nvim_win_close, win, true) end, { buffer = buf, nowait = true, desc = 'kra: close' })
  end
  return win
end

-- Runs kra and shows what it printed. It runs beside the editor.
local function show(title, arguments)
  local binary = require('kra.daemon').binary()
  if not binary then return notify('there is no kra program; :checkhealth kra', 'error') end
  vim.system(vim.list_extend({ binary }, arguments), { text = true, timeout = 15000 }, vim.schedule_wrap(function(result)
    local text = vim.trim(result.stdout or '')
    if text == '' then text = vim.trim(result.stderr or '') end
    if text == '' then text = ('exit %d, nothing printed'):format(result.code) end
    float(title, vim.split(text, '\n'))
  end))
end

local function status()
  local here = require('kra').status()
  require('kra.rpc').request('status', { server = require('kra.daemon').tmux() or '' }, function(err, result)
    float('kra', require('kra.status').lines(here, not err and type(result) == 'table' and result or nil, err))
  end, 3000)
end

local function config(call)
  local settings = require('kra.config')
  local name, value = call.args[1], call.args[2]
  local lines = {}
  for _, row in ipairs(settings.show()) do
    if not name or row.name == name then
      local text = vim.inspect(row.value, { newline = ' ', indent = '' })
      table.insert(lines, ('%-30s %-10s %-12s %s'):format(row.name, text, row.source, row.text))
    end
  end
  if #lines == 0 then return notify(name .. ' is not an option', 'error') end
  if not value then return float('kra config', lines) end
  settings.set(name, value)
end

local function option_names()
  return vim.tbl_map(function(option) return option.name end, require('kra.config').options)
end

-- Names of stored sessions, when the daemon can say them at once.
local function session_names()
  if not require('kra.rpc').connected() then return {} end
  local result = require('kra.rpc').call('session_list', {}, 200)
  local names = {}
  for _, session in ipairs(type(result) == 'table' and type(result.sessions) == 'table' and result.sessions or {}) do
    table.insert(names, tostring(session.key):match('^name:(.*)$'))
  end
  return names
end

-- Names of saves of tmux, as the program lists them.
local function save_names()
  local binary = require('kra.daemon').binary()
  if not binary then return {} end
  local ok, result = pcall(function() return vim.system({ binary, 'list', '--names' }, { text = true, timeout = 500 }):wait() end)
  return ok and result.code == 0 and vim.split(result.stdout, '\n', { trimempty = true }) or {}
end

---@class kra.Subcommand
---@field desc string
---@field run fun(call: {args: string[], bang: boolean})
---@field complete? fun(): string[]

---@type table<string, kra.Subcommand>
M.rows = {
  save = {
    desc = 'save now; ! writes modified files first',
    run = function(call) require('kra').save({ name = call.args[1], write = call.bang }) end,
  },
  restore = {
    desc = "bring back this directory's session, or the one that is named",
    run = function(call) require('kra').restore({ name = call.args[1] }) end,
    complete = session_names,
  },
  log = {
    desc = 'the history of a save',
    run = function(call) show('kra log', vim.list_extend({ 'log' }, call.args)) end,
    complete = save_names,
  },
  status = { desc = 'is my work safe, and what is left out', run = status },
  undo = {
    desc = 'bring back the tmux pane, window or session closed last (--list: what there is)',
    run = function(call) show('kra undo', vim.list_extend({ 'undo' }, call.args)) end,
    complete = function() return { '--list' } end,
  },
  drafts = { desc = 'unsaved text: recover, compare, discard, or go there', run = function() require('kra.draft.list').pick() end },
  sync = {
    desc = "sync this file's work tree, or what else `kra sync` does",
    run = function(call) require('kra.sync').command(call.args) end,
    complete = function() return require('kra.sync').words end,
  },
  hold = {
    desc = "let syncs into this file's work tree wait: some seconds, or off",
    run = function(call) require('kra.sync').hold(call.args[1]) end,
    complete = function() return { 'off' } end,
  },
  run = {
    desc = 'live blocks (not in this release)',
    run = function() notify('this release has no live blocks, so nothing was run', 'warn') end,
  },
  doctor = { desc = 'every problem with its cure', run = function() vim.cmd.checkhealth('kra') end },
  pause = {
    desc = 'stop autosave, live changes and syncs below the files of this editor until resume',
    run = function() require('kra.events').pause(true) end,
  },
  resume = { desc = 'autosave, live changes and syncs again', run = function() require('kra.events').pause(false) end },
  config = { desc = 'show or set an option of this editor', run = config, complete = option_names },
}

-- Rows of the live part: what it is, where it is done, and the words that may follow.
---@param desc string
---@param run fun(call: {args: string[], bang: boolean})
---@param words? string[]|fun(): string[]
local function live(name, desc, run, words)
  M.rows[name] = { desc = desc, run = run, complete = type(words) == 'table' and function() return words end or words }
end
local function directories() return vim.fn.getcompletion('', 'dir') end
live('pin', 'keep this window on its file; ! the whole editor', function(call) require('kra.pin').toggle(call.bang) end)
live('follow', 'a window shows where others write; or split, vsplit, tmux, current, off', function(call) require('kra.follow').command(call.args) end,
  function() return vim.list_extend({ 'here', 'split', 'vsplit', 'tmux', 'current', 'off' }, directories()) end)
live('changes', 'what came from outside, of a time (10m) or by somebody', function(call) require('kra.changes.list').show(call.args) end)
live('accept', 'the change from outside is right; ! all of this buffer', function(call) require('kra.changes').accept(call.bang) end)
live('reject', 'take the change from outside back; ! all of this buffer', function(call) require('kra.changes').reject(call.bang) end)
live('undo-external', 'take back the last step from outside, or the n-th last', function(call)
  require('kra.changes').undo_external(tonumber(call.args[1]))
end)
for choice, desc in pairs({ mine = 'yours stands', theirs = 'theirs stands', both = 'yours stands, theirs below' }) do
  live(choice, 'in a conflict: ' .. desc .. '; ! in all of this buffer', function(call) require('kra.live.decide').choose(choice, call.bang) end)
end
live('diff', 'this buffer beside the file on disk', function() require('kra.live.decide').diff() end)
live('move', 'give a file another name, with all that belongs to it; ! takes the last one back', function(call)
  require('kra.live.move').command(call.args, call.bang)
end, function() return vim.fn.getcompletion('', 'file') end)
live('live', 'changes on disk come into buffers: on, off, or how it stands', function(call)
  require('kra.live.decide').switch(call.args[1])
end, { 'off', 'on' })

---@return string[]
function M.names()
  local names = vim.tbl_keys(M.rows)
  table.sort(names)
  return names
end

-- "did you mean": the name that shares the longest beginning.
local function nearest(word)
  local best, length = nil, 0
  for _, name in ipairs(M.names()) do
    local same = 0
    while same < #name and name:byte(same + 1) == word:byte(same + 1) do same = same + 1 end
    if same > length then best, length = name, same end
  end
  return best
end

---@param call table what nvim_create_user_command gives
---@param subcommand? string given by an alias
function M.run(call, subcommand)
  local arguments = vim.list_extend({}, call.fargs)
  local name = subcommand or table.remove(arguments, 1) or 'status'
  local row = M.rows[name]
  if not row then
    local near = nearest(name)
    return notify(('no subcommand %s%s'):format(name, near and ('; did you mean %s?'):format(near) or ''), 'error')
  end
  row.run({ args = arguments, bang = call.bang })
end

--- What may stand where the cursor is.
---@param line string the command line
---@param column integer of the cursor
---@param subcommand? string given by an alias
---@return string[]
function M.complete(line, column, subcommand)
  local before = line:sub(1, column)
  -- What stands before the command itself (a range, modifiers) is no word of ours.
  before = before:match('%f[%w]K[rR][aA]%a*!?%s+(.*)$') or ''
  local words = vim.split(before, '%s+')
  local lead = words[#words] or ''
  local candidates = {}
  local name = subcommand or (#words > 1 and words[1]) or nil
  if not name then
    candidates = M.names()
  elseif M.rows[name] and M.rows[name].complete then
    local ok, values = pcall(M.rows[name].complete)
    candidates = ok and type(values) == 'table' and values or {}
  end
  local found = vim.tbl_filter(function(candidate) return vim.startswith(candidate, lead) end, candidates)
  table.sort(found)
  return found
end

return M
