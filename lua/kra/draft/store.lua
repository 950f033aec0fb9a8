-- What is stored of unsaved text, asked of the daemon; without one, of the program.
local M = {}

local PATIENCE_MS = 10000

---@class kra.StoredDraft
---@field id string
---@field client string
---@field editor string the id that an editor keeps over restores
---@field buffer string
---@field path? string
---@field cwd? string
---@field at? integer milliseconds since 1970
---@field bytes? integer
---@field lines? integer
---@field preview? string
---@field state 'open'|'left'|'abandoned'|'discarded'|'recovered'
---@field pid? integer
---@field pane? string
---@field server? string

---@class kra.TakenDraft: kra.StoredDraft
---@field file? string its text
---@field base_only? boolean the text is that of the file with `edits`
---@field edits? string a file
---@field undo? {file: string, text: string}
---@field encoding? string
---@field fileformat? string
---@field bomb? boolean
---@field eol? boolean
---@field filetype? string
---@field base? kra.Base
---@field cursor? integer[]

local function clean(value)
  if value == vim.NIL then return nil end
  if type(value) ~= 'table' then return value end
  local out = {}
  for key, entry in pairs(value) do out[key] = clean(entry) end
  return out
end

-- One without a name has no path here.
local function named(row)
  if row.path == '' then row.path = nil end
  return row
end

local function by_program(arguments, done)
  local binary = require('kra.daemon').binary()
  if not binary then return done({ fault = 'unavailable', what = 'there is no daemon and no kra program' }) end
  vim.system(vim.list_extend({ binary }, arguments), { text = false, timeout = PATIENCE_MS }, vim.schedule_wrap(function(result)
    if result.code ~= 0 then return done({ fault = 'refused', what = vim.trim(result.stderr or '') }) end
    local ok, value = pcall(vim.json.decode, result.stdout)
    done(nil, ok and type(value) == 'table' and value or {})
  end))
end

local function ask(method, params, arguments, done)
  require('kra.rpc').request(method, params, function(err, result)
    if err and (err.fault == 'unavailable' or err.fault == 'timed_out') then return by_program(arguments, done) end
    done(err, result)
  end, PATIENCE_MS)
end

--- Is there a journal, or a net, of another editor? Read from the directories; nobody is asked.
---@return boolean
function M.any()
  local daemon = require('kra.daemon')
  local own = require('kra.rpc').identity().id
  for _, directory in ipairs({ daemon.state_dir(), daemon.runtime_dir() }) do
    for name in vim.fs.dir(directory .. '/drafts') do
      local client = name:match('^(.+)%.journal$') or name:match('^(.+)%.net$')
      if client and client ~= own then return true end
    end
  end
  return false
end

--- Drafts of other editors, newest first, and where a file is open.
---@param filter {all?: boolean, path?: string, cwd?: string, editor?: string}
---@param done fun(err: table?, drafts: kra.StoredDraft[], editors: table[])
function M.list(filter, done)
  ask('drafts', filter, { 'drafts', 'list', '--json' }, function(err, result)
    result = clean(result)
    local rows = not err and type(result) == 'table' and result.drafts or {}
    rows = vim.tbl_filter(function(row) return type(row) == 'table' and row.client ~= require('kra.rpc').identity().id end, rows)
    for _, row in ipairs(rows) do named(row) end
    if filter.path then rows = vim.tbl_filter(function(row) return row.path == filter.path end, rows) end
    table.sort(rows, function(a, b) return (a.at or 0) > (b.at or 0) end)
    done(err, rows, type(result) == 'table' and result.editors or {})
  end)
end

--- The text of one, in a file, and all that makes its buffer again.
---@param id string
---@param done fun(err: table?, taken: kra.TakenDraft?)
function M.take(id, done)
  ask('draft_take', { id = id }, { 'draft-take', id }, function(err, result)
    result = clean(result)
    done(err, type(result) == 'table' and named(result) or nil)
  end)
end

--- It is `recovered`, or `discarded`.
---@param id string
---@param why string
---@param done? fun(err: table?)
function M.finish(id, why, done)
  done = done or function() end
  local arguments = { 'drafts', why == 'discarded' and 'discard' or 'recovered', id }
  ask('draft_end', { id = id, why = why }, arguments, function(err) done(err) end)
end

return M
