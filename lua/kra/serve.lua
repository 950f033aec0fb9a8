-- The daemon's calls to this editor, one row each.
local M = {}
local api = vim.api

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
  require('kra.notify').event('KraSavePre')
  local state = require('kra.session').capture()
  local modified = {}
  for _, info in ipairs(vim.fn.getbufinfo({ bufmodified = 1 })) do modified[info.name] = true end
  local buffers = {}
  for i, buffer in ipairs(state.buffers) do buffers[i] = row_of(buffer, buffer.path ~= nil and modified[buffer.path] == true) end
  last = { cwd = state.cwd, tabs = #state.tabs, buffers = buffers, state = state }
  return last
end

-- Would `:write` ask whether to overwrite what another program wrote? The question itself must not come up here.
local function changed_outside(buf)
  local changed = false
  local id = api.nvim_create_autocmd('FileChangedShell', {
    buffer = buf,
    desc = 'kra: look before writing',
    callback = function()
      changed = changed or vim.v.fcs_reason ~= 'mode' and vim.v.fcs_reason ~= 'time'
      vim.v.fcs_choice = ''
    end,
  })
  pcall(api.nvim_cmd, { cmd = 'checktime', args = { tostring(buf) }, mods = { silent = true } }, {})
  pcall(api.nvim_del_autocmd, id)
  return changed
end

-- One failure costs one file.
---@return string? error
local function write_one(buf)
  if changed_outside(buf) then return 'it was changed outside' end
  local _, err = require('kra.session.guard').with({ confirm = false }, function()
    api.nvim_buf_call(buf, function() api.nvim_cmd({ cmd = 'write', mods = { silent = true } }, {}) end)
  end)
  if err then return (err:gsub('^.-(E%d+:)', '%1')) end
  return vim.bo[buf].modified and 'it is still modified after the write' or nil
end

--- Writes modified files: those in `paths`, or all. Never over a file that changed outside: Neovim asks then, and here that is an error.
---@param params? {paths?: string[]}
---@return {written: string[], failed: {path: string, what: string}[]}
function M.write(params)
  local wanted
  for _, path in ipairs(type(params) == 'table' and type(params.paths) == 'table' and params.paths or {}) do
    wanted = wanted or {}
    wanted[path] = true
  end
  local report = { written = {}, failed = {} }
  for _, buf in ipairs(api.nvim_list_bufs()) do
    local name = api.nvim_buf_get_name(buf)
    if vim.bo[buf].modified and vim.bo[buf].buftype == '' and name ~= '' and (not wanted or wanted[name]) then
      local err = write_one(buf)
      if err then table.insert(report.failed, { path = name, what = err }) else table.insert(report.written, name) end
    end
  end
  return report
end

local methods = {
  capture = function()
    if require('kra.events').paused() then return last or M.account() end
    return M.account()
  end,
  write = M.write,
  saved = function(params)
    local data = vim.tbl_extend('keep', type(params) == 'table' and params or {}, { ok = true, duration_ms = 0 })
    require('kra.statusline').saved(data)
    require('kra.notify').event('KraSavePost', data)
    return vim.empty_dict()
  end,
  problem = function(params)
    params = type(params) == 'table' and params or {}
    local cure = params.cure and tostring(params.cure)
    require('kra.notify').problem({ code = tostring(params.code or 'daemon'), text = tostring(params.text or ''), cure = cure })
    return vim.empty_dict()
  end,
}

---@param method string
function M.answer(method, params)
  local act = methods[method]
  if not act then error('an editor does not know ' .. tostring(method), 0) end
  return act(params)
end

return M
