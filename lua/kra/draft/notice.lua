-- Says once that unsaved text waits: when its file is opened, or Neovim starts in its directory. Nobody is asked as long as there is
-- no journal but our own.
local M = {}
local api = vim.api

local told = {} ---@type table<string, boolean> by the id of the draft

local function waits(row) return row.state == 'left' or row.state == 'abandoned' end

--- It is being recovered: nothing is to be said about it.
---@param id string
function M.skip(id) told[id] = true end

---@param row kra.StoredDraft
---@return string
function M.age(row)
  if not row.at or row.at <= 0 then return '' end
  local seconds = math.max(0, os.time() - row.at / 1000)
  for _, unit in ipairs({ { 86400, 'd' }, { 3600, 'h' }, { 60, 'min' } }) do
    if seconds >= unit[1] then return ('%d %s ago'):format(seconds / unit[1], unit[2]) end
  end
  return 'just now'
end

local function untold(rows)
  local out = {}
  for _, row in ipairs(rows) do
    if waits(row) and not told[row.id] then
      told[row.id] = true
      table.insert(out, row)
    end
  end
  return out
end

local function silent() return require('kra.draft.recover').busy() or require('kra.session.restore').pending() ~= nil end

--- A file was read.
---@param buf integer
function M.opened(buf)
  local store, rpc = require('kra.draft.store'), require('kra.rpc')
  local path = api.nvim_buf_get_name(buf)
  if silent() or path == '' or not (rpc.connected() or store.any()) then return end
  store.list({ path = path }, function(_, rows, editors)
    if silent() then return end
    local new = untold(rows)
    if new[1] then
      local text = ('unsaved text of %s from another editor waits (%s)'):format(vim.fn.fnamemodify(path, ':~:.'), M.age(new[1]))
      require('kra.notify').problem({ code = 'draft_waits', text = text, cure = ':Kra drafts' })
    end
    require('kra.draft.editors').tell(path, editors)
  end)
end

local MOST_FILES = 50

--- Neovim started here, perhaps with files.
function M.started()
  local store, files = require('kra.draft.store'), 0
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if files < MOST_FILES and api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' and api.nvim_buf_get_name(buf) ~= '' then
      files = files + 1
      M.opened(buf)
    end
  end
  if silent() or not store.any() then return end
  local cwd = vim.fn.getcwd(-1, -1)
  store.list({ all = true }, function(_, rows)
    if silent() then return end
    local here = vim.tbl_filter(function(row)
      return row.cwd == cwd or (row.path ~= nil and vim.startswith(row.path, cwd .. '/'))
    end, rows)
    local count = #untold(here)
    if count == 0 then return end
    local text = count == 1 and 'unsaved text of this directory waits' or ('%d unsaved texts of this directory wait'):format(count)
    require('kra.notify').problem({ code = 'draft_waits', text = text, cure = ':Kra drafts' })
  end)
end

return M
