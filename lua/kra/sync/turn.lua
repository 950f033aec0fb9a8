-- This editor's part in a sync that is about to write below a root: it says which files it is changing, writes nothing there by itself
-- until that is over, and takes what was written. A turn ends by itself when nobody ends it.
--
--   prepare -> {busy = paths of modified buffers} … applied -> clean buffers look at the disk … resume
local M = {}
local api = vim.api

local TTL_MS = 5000

local turns = {} ---@type table<integer, {root: string, timer: uv.uv_timer_t}>

local function below(path, root) return path == root or vim.startswith(path, root .. '/') end

local function real(name) return vim.uv.fs_realpath(name) or name end

local function finish(number)
  local turn = turns[number]
  if not turn then return end
  turns[number] = nil
  turn.timer:close()
end

--- Is somebody writing there now?
---@param path string
---@return boolean
function M.under_way(path)
  if next(turns) == nil then return false end
  path = real(path)
  for _, turn in pairs(turns) do
    if below(path, turn.root) then return true end
  end
  return false
end

---@return {busy: string[]}
function M.prepare(params)
  local root, number = tostring(params.root), tonumber(params.turn) or 0
  local busy = {}
  for _, info in ipairs(vim.fn.getbufinfo({ bufmodified = 1 })) do
    local path = vim.bo[info.bufnr].buftype == '' and info.name ~= '' and real(info.name)
    if path and below(path, root) then table.insert(busy, path) end
  end
  finish(number)
  local timer = assert(vim.uv.new_timer())
  turns[number] = { root = root, timer = timer }
  timer:start(tonumber(params.ttl_ms) or TTL_MS, 0, vim.schedule_wrap(function() finish(number) end))
  return { busy = busy }
end

--- Buffers that live sync follows are told by it, with hunks; the others look for themselves.
function M.applied(params)
  local written, root = {}, tostring(params.root)
  for _, path in ipairs(type(params.paths) == 'table' and params.paths or {}) do written[root .. '/' .. path] = true end
  local live = require('kra.live').status().active
  for _, buf in ipairs(api.nvim_list_bufs()) do
    local name = api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' and not vim.bo[buf].modified and api.nvim_buf_get_name(buf)
    if name and name ~= '' and written[real(name)] and not (live and require('kra.live.image').get(buf)) then
      pcall(api.nvim_cmd, { cmd = 'checktime', args = { tostring(buf) }, mods = { silent = true } }, {})
    end
  end
end

function M.resume(params) finish(tonumber(params.turn) or 0) end

--- A sync of the daemon's own has ended.
function M.done(params)
  local data = { ok = params.ok == true, duration_ms = params.duration_ms, root = params.root, state = params.state, why = params.why,
    pushed = params.pushed, pulled = params.pulled }
  require('kra.notify').event('KraSyncDone', data)
end

return M
