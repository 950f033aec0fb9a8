-- The daemon's calls to this editor, one row each.
local M = {}

local last ---@type table? the answer to the last capture

--- What was answered last, for a moment in which the editor cannot be asked.
---@return table?
function M.last() return last end

local rows = setmetatable({}, { __mode = 'k' }) -- by state: a row that was packed is not packed again

local function row_of(buffer, modified)
  local row = rows[buffer]
  if not row or row.modified ~= modified then
    row = { path = buffer.path or '', modified = modified }
    rows[buffer] = row
  end
  return row
end

--- The account that the daemon stores: what people look at, and the state itself.
---@return {cwd: string, tabs: integer, buffers: {path: string, modified: boolean}[], state: kra.State}
function M.account()
  require('kra.notify').event('KraSavePre', { ok = true, duration_ms = 0 })
  local before = vim.uv.hrtime()
  local state = require('kra.session').capture()
  local modified = {}
  for _, info in ipairs(vim.fn.getbufinfo({ bufmodified = 1 })) do modified[info.name] = true end
  local buffers = {}
  for i, buffer in ipairs(state.buffers) do buffers[i] = row_of(buffer, buffer.path ~= nil and modified[buffer.path] == true) end
  last = { cwd = state.cwd, tabs = #state.tabs, buffers = buffers, state = state }
  require('kra.draft.alive').measure('session', (vim.uv.hrtime() - before) / 1e6)
  return last
end

local LEFT_MS = 1000
local silent = {} ---@type table<string, string> what was said of editors that do not answer, by client

local methods = {
  capture = function()
    if require('kra.events').paused() then return last or M.account() end
    return M.account()
  end,
  write = function(params) return require('kra.write').files(params) end,
  focus = function(params)
    require('kra.focus').relay(params.gained == true)
    return vim.empty_dict()
  end,
  draft_abandoned = function(params)
    local where = require('kra.draft.editors').where(params)
    local text = ('an editor with unsaved text %s has not answered for a while'):format(where)
    silent[tostring(params.client)] = text
    require('kra.notify').problem({ code = 'abandoned', text = text, cure = ':Kra drafts' })
    return vim.empty_dict()
  end,
  draft_left = function(params)
    -- A process needs a moment to end.
    vim.defer_fn(function()
      local paths = type(params.paths) == 'table' and params.paths or {}
      for _, buf in ipairs(vim.api.nvim_list_bufs()) do
        local open = vim.api.nvim_buf_is_loaded(buf) and vim.list_contains(paths, vim.api.nvim_buf_get_name(buf))
        if open then require('kra.draft.notice').opened(buf) end
      end
    end, LEFT_MS)
    return vim.empty_dict()
  end,
  draft_returned = function(params)
    require('kra.notify').solved('abandoned', silent[tostring(params.client)] or '')
    silent[tostring(params.client)] = nil
    return vim.empty_dict()
  end,
  forget = function(params)
    require('kra.draft').forget(tostring(params.path))
    require('kra.live.base').forget(tostring(params.path))
    return vim.empty_dict()
  end,
  settings = function(params)
    require('kra.config').shared(params)
    return vim.empty_dict()
  end,
  pin = function() return { said = require('kra.pin').toggle() } end,
  saved = function(params)
    local data = vim.tbl_extend('keep', type(params) == 'table' and params or {}, { ok = true, duration_ms = 0 })
    require('kra.statusline').saved(data)
    require('kra.notify').event('KraSavePost', data)
    return vim.empty_dict()
  end,
  solved = function(params)
    require('kra.notify').solved(tostring(params.code))
    return vim.empty_dict()
  end,
  problem = function(params)
    params = type(params) == 'table' and params or {}
    local cure = params.cure and tostring(params.cure)
    require('kra.notify').problem({ code = tostring(params.code or 'daemon'), text = tostring(params.text or ''), cure = cure })
    return vim.empty_dict()
  end,
}

for _, name in ipairs({ 'prepare', 'applied', 'resume', 'done' }) do
  methods['sync_' .. name] = function(params)
    return type(params) == 'table' and require('kra.sync.turn')[name](params) or vim.empty_dict()
  end
end

-- Each goes to its own file.
for name, place in pairs({ file_changed = 'kra.live.link', files_changed = 'kra.live.link' }) do
  methods[name] = function(params)
    if type(params) == 'table' then require(place)[name](params) end
    return vim.empty_dict()
  end
end

---@param method string
function M.answer(method, params)
  local act = methods[method]
  if not act then error('an editor does not know ' .. tostring(method), 0) end
  return act(params)
end

return M
