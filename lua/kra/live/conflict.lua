-- Conflicts: the text stays as it was typed, and what the others wrote stands below it as virtual lines until somebody decides.
local M = {}
local api = vim.api

local ns = api.nvim_create_namespace('kra_conflict')

---@class kra.Conflict
---@field id integer extmark over our lines
---@field shown integer extmark that shows theirs
---@field theirs string[]
---@field by string who wrote them

local open = {} ---@type table<integer, kra.Conflict[]>

local function virtual_lines(conflict)
  local by = conflict.by ~= '' and conflict.by or 'the file on disk'
  local lines = { { { ('<<< %s'):format(by), 'KraConflictTitle' } } }
  if #conflict.theirs == 0 then lines[2] = { { '(these lines are not there)', 'KraConflictTitle' } } end
  for _, line in ipairs(conflict.theirs) do
    lines[#lines + 1] = { { line == '' and ' ' or (line:gsub('[%z\1-\8\11-\31\127]', '?')), 'KraTheirs' } }
  end
  lines[#lines + 1] = { { '>>> :Kra mine | theirs | both | diff', 'KraConflictTitle' } }
  return lines
end

-- [first, last) of the buffer's lines; one mark holds on to them, another one shows theirs below. An empty range is the place before a line,
-- or the end of the text.
local function place(buf, first, last, conflict)
  conflict.id = api.nvim_buf_set_extmark(buf, ns, first, 0, { end_row = last, end_col = 0, right_gravity = false, end_right_gravity = first < last,
    hl_group = 'KraMine', hl_eol = true })
  local above = last == 0
  conflict.shown = api.nvim_buf_set_extmark(buf, ns, above and 0 or last - 1, 0, { virt_lines = virtual_lines(conflict), virt_lines_above = above })
end

-- The lines that a conflict is about, [first, last).
local function lines_range(buf, conflict)
  local mark = api.nvim_buf_get_extmark_by_id(buf, ns, conflict.id, { details = true })
  local count = api.nvim_buf_line_count(buf)
  local first = math.min(mark[1] or count, count)
  return first, math.min(math.max(first, mark[3] and mark[3].end_row or first), count)
end

local function remove(buf, conflict)
  pcall(api.nvim_buf_del_extmark, buf, ns, conflict.id)
  pcall(api.nvim_buf_del_extmark, buf, ns, conflict.shown)
  local list = open[buf] or {}
  for i, known in ipairs(list) do
    if known == conflict then table.remove(list, i) break end
  end
end

---@param buf integer
---@param first integer
---@param last integer
---@param theirs string[]
---@param by string
function M.add(buf, first, last, theirs, by)
  local list = open[buf] or {}
  open[buf] = list
  -- What is newer stands for what it covers.
  for i = #list, 1, -1 do
    local known_first, known_last = lines_range(buf, list[i])
    if first <= known_last and known_first <= last then
      remove(buf, list[i])
    end
  end
  local conflict = { theirs = theirs, by = by }
  place(buf, first, last, conflict)
  table.insert(list, conflict)
end

--- Those that are still open; what became the same by hand is none any more.
---@param buf integer
---@return integer
function M.count(buf)
  for _, conflict in ipairs(vim.list_extend({}, open[buf] or {})) do
    local first, last = lines_range(buf, conflict)
    if vim.deep_equal(api.nvim_buf_get_lines(buf, first, last, false), conflict.theirs) then remove(buf, conflict) end
  end
  return #(open[buf] or {})
end

---@param buf integer
function M.clear(buf)
  open[buf] = nil
  if api.nvim_buf_is_valid(buf) then api.nvim_buf_clear_namespace(buf, ns, 0, -1) end
end

--- The conflict at a line (from 0), else the nearest below, else the first.
---@return kra.Conflict?
local function at_line(buf, row)
  local best, best_first
  for _, conflict in ipairs(open[buf] or {}) do
    local first, last = lines_range(buf, conflict)
    if row >= first - (first == last and 1 or 0) and row < math.max(last, first + 1) then return conflict end
    if first > row and (not best_first or first < best_first) then best, best_first = conflict, first end
  end
  return best or (open[buf] or {})[1]
end

--- Decides one conflict: `mine`, `theirs` or `both`.
---@param buf integer
---@param row integer the cursor's, from 0
---@param choice 'mine'|'theirs'|'both'
---@return boolean decided
function M.decide(buf, row, choice)
  local conflict = at_line(buf, row)
  if not conflict then return false end
  local first, last = lines_range(buf, conflict)
  remove(buf, conflict)
  if choice == 'mine' then return true end
  if choice == 'both' then first = last end
  local hunk = { first, last, conflict.theirs }
  if first ~= last or #conflict.theirs > 0 then require('kra.hunks').apply(buf, { hunk }, true) end
  return true
end

--- Where they are, for a list: line (from 1), who, and how many lines each side has.
---@param buf integer
---@return {lnum: integer, by: string, mine: integer, theirs: integer}[]
function M.list(buf)
  local rows = {}
  for _, conflict in ipairs(open[buf] or {}) do
    local first, last = lines_range(buf, conflict)
    table.insert(rows, { lnum = first + 1, by = conflict.by, mine = last - first, theirs = #conflict.theirs })
  end
  table.sort(rows, function(a, b) return a.lnum < b.lnum end)
  return rows
end

function M.highlights()
  local links = { KraTheirs = 'DiffText', KraMine = 'DiffChange', KraConflictTitle = 'WarningMsg', KraChanged = 'DiffAdd', KraSign = 'DiffAdd' }
  for name, link in pairs(links) do api.nvim_set_hl(0, name, { link = link, default = true }) end
end

return M
