-- Modified files themselves, written by Neovim's own `:write`: hard links, owner, mode and the user's formatters are as in a write by
-- hand. Never over a file that another program changed; a write that failed is called failed. On request, and with autosave.write_files
-- after a quiet time in normal mode.
local M = {}
local api = vim.api
local uv = vim.uv

local timer ---@type uv.uv_timer_t?
local installed = false
local complained = {} ---@type table<string, string> by path: what was said last

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
  -- Neovim forgets a change that it told of once, and takes another mode of a modified file for one.
  local records = require('kra.draft.records')
  local rec, there = records.get(buf), records.identity(api.nvim_buf_get_name(buf))
  if rec and rec.base and there then return not records.same(rec.base, there) end
  return changed
end

--- One failure costs one file.
---@param buf integer
---@return string? error
function M.one(buf)
  if changed_outside(buf) then return 'it was changed outside' end
  local _, err = require('kra.session.guard').with({ confirm = false }, function()
    api.nvim_buf_call(buf, function() api.nvim_cmd({ cmd = 'write', mods = { silent = true } }, {}) end)
  end)
  if err then return (err:gsub('^.-(E%d+:)', '%1')) end
  return vim.bo[buf].modified and 'it is still modified after the write' or nil
end

--- Writes modified files: those in `paths`, or all.
---@param params? {paths?: string[]}
---@return {written: string[], failed: {path: string, what: string}[]}
function M.files(params)
  local wanted
  for _, path in ipairs(type(params) == 'table' and type(params.paths) == 'table' and params.paths or {}) do
    wanted = wanted or {}
    wanted[path] = true
  end
  local report = { written = {}, failed = {} }
  for _, buf in ipairs(api.nvim_list_bufs()) do
    local name = api.nvim_buf_get_name(buf)
    if vim.bo[buf].modified and vim.bo[buf].buftype == '' and name ~= '' and (not wanted or wanted[name]) then
      local err = M.one(buf)
      if err then table.insert(report.failed, { path = name, what = err }) else table.insert(report.written, name) end
    end
  end
  return report
end

local function matches(path, globs)
  for _, glob in ipairs(globs) do
    local ok, pattern = pcall(vim.glob.to_lpeg, vim.fs.normalize(glob))
    if ok and pattern:match(path) then return true end
  end
  return #globs == 0
end

--- May this one be written by itself?
---@param buf integer
---@return boolean
function M.wanted(buf)
  local autosave = require('kra.config').get().autosave
  local name = api.nvim_buf_get_name(buf)
  if name == '' or not vim.bo[buf].modified or vim.bo[buf].readonly or not vim.bo[buf].modifiable then return false end
  if not require('kra.buffers').check(buf) then return false end
  if #autosave.write_filetypes > 0 and not vim.list_contains(autosave.write_filetypes, vim.bo[buf].filetype) then return false end
  if not matches(name, autosave.write_paths) then return false end
  local ok, yes = pcall(autosave.write_if, buf)
  return ok and yes ~= false
end

local function report(path, err)
  if complained[path] == err then return end
  complained[path] = err
  if not err then return end
  require('kra.notify').problem({ code = 'write', text = ('%s was not written: %s'):format(vim.fn.fnamemodify(path, ':~:.'), err),
    cure = ':write, or :edit! for what is there' })
end

-- Only where nothing is under way that a write would disturb.
local function at_rest() return api.nvim_get_mode().mode == 'n' and vim.fn.pumvisible() == 0 and vim.fn.getcmdwintype() == '' end

--- The end of the quiet time.
function M.ring()
  if require('kra.events').paused() or not require('kra.config').get().autosave.write_files then return end
  if not at_rest() then return M.poke() end
  for _, info in ipairs(vim.fn.getbufinfo({ bufmodified = 1 })) do
    if M.wanted(info.bufnr) and require('kra.sync.turn').under_way(info.name) then
      M.poke()
    elseif M.wanted(info.bufnr) then
      local started = uv.hrtime()
      local err = M.one(info.bufnr)
      require('kra.draft.alive').measure('write', (uv.hrtime() - started) / 1e6, err == nil)
      report(info.name, err)
    end
  end
end

--- Something may have changed: the quiet time begins anew.
function M.poke()
  timer = timer or assert(uv.new_timer())
  timer:start(require('kra.config').get().autosave.editor_debounce_ms, 0, vim.schedule_wrap(M.ring))
end

--- Listens while autosave.write_files is on, and not otherwise.
function M.apply()
  local on = require('kra.config').get().autosave.write_files
  if on == installed then return end
  installed = on
  if not on then
    api.nvim_del_augroup_by_name('kra_write')
    if timer then timer:stop() end
    return
  end
  local group = api.nvim_create_augroup('kra_write', {})
  api.nvim_create_autocmd({ 'TextChanged', 'InsertLeave', 'BufLeave', 'FocusLost' }, {
    group = group, desc = 'kra: write modified files when it is quiet',
    callback = function(event)
      if vim.bo[event.buf].modified then M.poke() end
    end,
  })
  M.poke()
end

return M
