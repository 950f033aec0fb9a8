-- :Kra drafts: all unsaved text there is, of this editor and of others, to go to, recover, compare or discard.
local M = {}
local api = vim.api

---@class kra.DraftRow
---@field here? integer a modified buffer of this editor
---@field stored? kra.StoredDraft
---@field text string

local function size(bytes)
  if not bytes then return '' end
  for _, unit in ipairs({ { 1024 ^ 3, 'GiB' }, { 1024 ^ 2, 'MiB' }, { 1024, 'KiB' } }) do
    if bytes >= unit[1] then return ('%.1f %s'):format(bytes / unit[1], unit[2]) end
  end
  return ('%d B'):format(bytes)
end

local function name_of(path) return path and path ~= '' and vim.fn.fnamemodify(path, ':~:.') or '[no name]' end

local function preview(text)
  local line = require('kra.notify').printable(text or ''):gsub('%s+', ' ')
  return vim.fn.strcharpart(line, 0, 50)
end

local function row_text(state, age, bytes, name, text)
  return ('%-10s %-10s %9s  %s  %s'):format(state, age, size(bytes), name, preview(text))
end

local function own_rows()
  local rows = {}
  for _, info in ipairs(vim.fn.getbufinfo({ bufmodified = 1 })) do
    if vim.bo[info.bufnr].buftype == '' then
      local ok, bytes = pcall(api.nvim_buf_get_offset, info.bufnr, api.nvim_buf_line_count(info.bufnr))
      local first = (api.nvim_buf_get_lines(info.bufnr, 0, 1, false)[1] or ''):sub(1, 200)
      table.insert(rows, { here = info.bufnr, text = row_text('here', '', ok and bytes or nil, name_of(info.name), first) })
    end
  end
  return rows
end

-- What waits for somebody comes first, what was dealt with last.
local groups = { { 'left', 'abandoned' }, { 'open' }, { 'discarded', 'recovered' } }

---@param stored kra.StoredDraft[] the newest first
---@return kra.DraftRow[]
function M.rows(stored)
  local rows = own_rows()
  for _, group in ipairs(groups) do
    for _, draft in ipairs(stored) do
      if vim.list_contains(group, draft.state) then
        local age = require('kra.draft.notice').age(draft)
        table.insert(rows, { stored = draft, text = row_text(draft.state, age, draft.bytes, name_of(draft.path), draft.preview) })
      end
    end
  end
  return rows
end

local acts = {
  { 'go there', function(draft) require('kra.draft.editors').jump(draft) end, open = true },
  { 'recover', function(draft) require('kra.draft.recover').one(draft.id, { show = true }) end },
  { 'compare', function(draft)
    require('kra.draft.store').take(draft.id, function(err, taken)
      if err or not taken then return require('kra.notify').say('it could not be read: ' .. (err and err.what or '?'), 'error', true) end
      taken.id = draft.id
      require('kra.draft.conflict').compare(taken)
    end)
  end },
  { 'discard', function(draft)
    require('kra.draft.store').finish(draft.id, 'discarded', function(err)
      if err then require('kra.notify').say('not discarded: ' .. err.what, 'error', true) end
    end)
  end },
}

local function choose(draft)
  local possible = vim.tbl_filter(function(act) return (draft.state == 'open') == (act.open == true) or act[1] == 'compare' end, acts)
  vim.ui.select(possible, {
    prompt = name_of(draft.path), kind = 'kra_draft_action', format_item = function(act) return act[1] end,
  }, function(act) if act then act[2](draft) end end)
end

--- Lets the user choose one, and then what becomes of it.
function M.pick()
  require('kra.draft').flush()
  require('kra.notify').solved('draft_waits') -- here it is seen
  require('kra.draft.store').list({ all = true }, function(err, stored)
    local rows = M.rows(stored)
    if #rows == 0 then
      return require('kra.notify').say(err and 'stored drafts could not be read: ' .. err.what or 'there is no unsaved text', 'info', true)
    end
    vim.ui.select(rows, {
      prompt = 'Unsaved text', kind = 'kra_drafts', format_item = function(row) return row.text end,
    }, function(row)
      if not row then return end
      if row.here then return api.nvim_set_current_buf(row.here) end
      choose(row.stored)
    end)
  end)
end

return M
