-- What differs between two texts, what two sides made of one, and the edit of a buffer that follows from it. Texts are given as lines
-- without their ends, in lists that are never empty, as buffers have them. The library computes; without it Neovim's own diff does.
local M = {}
local api = vim.api

---@class kra.Hunk an edit: the lines [first, last), from 0, become `lines`
---@field [1] integer first
---@field [2] integer last
---@field [3] string[] lines

---@class kra.Part of a merge: kind, then first and last (exclusive) in base, ours and theirs
M.OURS, M.THEIRS, M.BOTH, M.CONFLICT = 1, 2, 3, 4

local function joined(lines) return table.concat(lines, '\n') .. '\n' end

-- The same rows by the editor's own diff. It gives the line before an insertion, from 1.
local function rows_of_editor(before, after)
  local diff = vim.text and vim.text.diff or vim.diff
  local rows = {}
  for i, found in ipairs(diff(before, after, { result_type = 'indices' })) do
    local first, after_first = found[1] - (found[2] > 0 and 1 or 0), found[3] - (found[4] > 0 and 1 or 0)
    rows[i] = { first, first + found[2], after_first, after_first + found[4] }
  end
  return rows
end

local function rows(before, after)
  local native = require('kra.native')
  return native.get() and native.hunks and native.hunks(before, after) or rows_of_editor(before, after)
end

---@param before string[]
---@param after string[]
---@return kra.Hunk[] in order
function M.between(before, after)
  local hunks = {}
  for i, row in ipairs(rows(joined(before), joined(after))) do
    hunks[i] = { row[1], row[2], vim.list_slice(after, row[3] + 1, row[4]) }
  end
  return hunks
end

-- The walk over both lists of changes, as in native/engine/merge3.cpp.
local function parts_of_editor(base, ours, theirs)
  local a_rows, b_rows, parts = rows_of_editor(base, ours), rows_of_editor(base, theirs), {}
  local a, b = 1, 1
  local function shift(list, index) return index > 1 and list[index - 1][4] - list[index - 1][2] or 0 end
  local function add(part)
    local last = parts[#parts]
    local apart = not last or part[1] == M.BOTH or last[1] == M.BOTH or (part[4] > last[5] and part[6] > last[7])
    if apart then return table.insert(parts, part) end
    if last[1] ~= part[1] then last[1] = M.CONFLICT end
    last[3], last[5], last[7] = part[3], part[5], part[7]
  end
  while a_rows[a] or b_rows[b] do
    local x, y = a_rows[a], b_rows[b]
    if not y or (x and x[2] < y[1]) then
      local by = shift(b_rows, b)
      add({ M.OURS, x[1], x[2], x[3], x[4], x[1] + by, x[2] + by })
      a = a + 1
    elseif not x or y[2] < x[1] then
      local by = shift(a_rows, a)
      add({ M.THEIRS, y[1], y[2], y[1] + by, y[2] + by, y[3], y[4] })
      b = b + 1
    else
      local first, last = math.min(x[1], y[1]), math.max(x[2], y[2])
      add({ M.CONFLICT, first, last, first + x[3] - x[1], last + x[4] - x[2], first + y[3] - y[1], last + y[4] - y[2] })
      if x[2] >= y[2] then b = b + 1 end
      if y[2] >= x[2] then a = a + 1 end
    end
  end
  return parts
end

-- A conflict without what both have at its ends; none when nothing is left.
local function settle(part, ours, theirs)
  if part[1] ~= M.CONFLICT then return end
  while part[4] < part[5] and part[6] < part[7] and ours[part[4] + 1] == theirs[part[6] + 1] do part[4], part[6] = part[4] + 1, part[6] + 1 end
  while part[4] < part[5] and part[6] < part[7] and ours[part[5]] == theirs[part[7]] do part[5], part[7] = part[5] - 1, part[7] - 1 end
  if part[4] == part[5] and part[6] == part[7] then part[1] = M.BOTH end
end

--- Three-way merge. Taking the lines of `theirs` for each part of kind THEIRS, from the last to the first, makes ours the merged text.
---@param base string[]
---@param ours string[]
---@param theirs string[]
---@return kra.Part[] in order
function M.merge(base, ours, theirs)
  local native = require('kra.native')
  local texts = { joined(base), joined(ours), joined(theirs) }
  local parts = native.get() and native.merge and native.merge(unpack(texts))
  if parts then return parts end
  parts = parts_of_editor(unpack(texts))
  for _, part in ipairs(parts) do settle(part, ours, theirs) end
  return parts
end

-- How many bytes two lines have in common at the start and, of the rest, at the end; whole characters.
local function common(old, new)
  local most = math.min(#old, #new)
  local head = 0
  while head < most and old:byte(head + 1) == new:byte(head + 1) do head = head + 1 end
  local function inside(text, at) -- in the middle of a character
    local byte = text:byte(at + 1)
    return byte and byte >= 0x80 and byte < 0xC0
  end
  while head > 0 and (inside(old, head) or inside(new, head)) do head = head - 1 end
  local tail = 0
  while tail < most - head and old:byte(#old - tail) == new:byte(#new - tail) do tail = tail + 1 end
  while tail > 0 and inside(old, #old - tail) do tail = tail - 1 end
  return head, tail
end

-- One line becomes another one: only what differs in it, so that marks on the rest stay.
local function change_line(buf, row, old, new)
  local head, tail = common(old, new)
  if head == #old and head == #new then return end
  api.nvim_buf_set_text(buf, row, head, row, #old - tail, { new:sub(head + 1, #new - tail) })
end

-- Which lines of a hunk become which: as many as both have, at the end that is more alike.
local function at_the_end(old, new)
  if #old == #new then return false end
  local head, tail = common(old[1], new[1])
  local last_head, last_tail = common(old[#old], new[#new])
  return last_head + last_tail > head + tail
end

---@param buf integer
---@param hunk kra.Hunk
local function change(buf, hunk)
  local first, last, new = hunk[1], hunk[2], hunk[3]
  local pairs_of_lines = math.min(last - first, #new)
  if pairs_of_lines == 0 then return api.nvim_buf_set_lines(buf, first, last, true, new) end
  local old = api.nvim_buf_get_lines(buf, first, last, true)
  local skipped_old, skipped_new = 0, 0
  if at_the_end(old, new) then skipped_old, skipped_new = #old - pairs_of_lines, #new - pairs_of_lines end
  for i = pairs_of_lines, 1, -1 do change_line(buf, first + skipped_old + i - 1, old[skipped_old + i], new[skipped_new + i]) end
  if #old == #new then return end
  local at = skipped_old + skipped_new > 0 and first or first + pairs_of_lines
  local rest = skipped_old + skipped_new > 0 and vim.list_slice(new, 1, skipped_new) or vim.list_slice(new, pairs_of_lines + 1)
  api.nvim_buf_set_lines(buf, at, at + #old - pairs_of_lines, true, rest)
end

local function change_all(buf, hunks)
  for i = #hunks, 1, -1 do change(buf, hunks[i]) end
end

--- Where a line comes to stand: below a hunk it moves with the text, in one it stays on the line that became of it.
---@param hunks kra.Hunk[]
---@param row integer from 0
---@return integer row
function M.moved(hunks, row)
  local by = 0
  for _, hunk in ipairs(hunks) do
    if row < hunk[1] then break end
    if row < hunk[2] then
      -- Lines that went away leave the place where they were.
      return hunk[1] + by + math.max(0, math.min(row - hunk[1], #hunk[3] - 1))
    end
    by = by + #hunk[3] - (hunk[2] - hunk[1])
  end
  return row + by
end

-- The views of all windows on the buffer, so that each shows the same text after as before.
local function views(buf)
  local kept = {}
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    local cursor = api.nvim_win_get_cursor(win)
    kept[#kept + 1] = { win = win, row = cursor[1] - 1, column = cursor[2], top = vim.fn.getwininfo(win)[1].topline - 1 }
  end
  return kept
end

-- Neovim moves cursors and the first line with the text above them; what it does not see is put right.
local function keep_views(kept, hunks, buf)
  local count = api.nvim_buf_line_count(buf)
  for _, view in ipairs(kept) do
    local row = math.min(M.moved(hunks, view.row), count - 1)
    local top = math.min(M.moved(hunks, view.top), count - 1)
    local cursor = api.nvim_win_get_cursor(view.win)
    if cursor[1] - 1 ~= row then api.nvim_win_set_cursor(view.win, { row + 1, view.column }) end
    -- By what looks only: line('w0') would scroll to the cursor.
    if vim.fn.getwininfo(view.win)[1].topline - 1 ~= top then
      api.nvim_win_call(view.win, function() vim.fn.winrestview({ topline = top + 1 }) end)
    end
  end
end

-- Ends the step of undo that is open: what comes next is one of its own, and what the user types after it another.
local function end_undo_step(at) api.nvim_set_option_value('undolevels', api.nvim_get_option_value('undolevels', at), at) end

-- Typing goes on in Insert mode: what comes now is a step of its own there too.
local function renew_insert(buf)
  if api.nvim_get_current_buf() ~= buf then return end
  local mode = api.nvim_get_mode()
  if not mode.blocking and mode.mode == 'i' then
    api.nvim_feedkeys(api.nvim_replace_termcodes('<C-g>u', true, false, true), 'ni', false)
  end
end

--- Edits a buffer, hidden ones too, as one step of undo of its own; everything that holds on to the text stays on it: marks, extmarks,
--- folds, cursors and views. `modified` is what the flag is to be afterwards. What was in the buffer before counts as modified from
--- now on: undo leads there.
---@param buf integer
---@param hunks kra.Hunk[] in order
---@param modified boolean
function M.apply(buf, hunks, modified)
  if #hunks == 0 then return end
  local at = { buf = buf }
  local modifiable = api.nvim_get_option_value('modifiable', at)
  local kept = views(buf)
  if not modifiable then api.nvim_set_option_value('modifiable', true, at) end
  -- A state of undo remembers whether it was modified when it was left.
  if not api.nvim_get_option_value('modified', at) then api.nvim_set_option_value('modified', true, at) end
  end_undo_step(at)
  local ok, err = pcall(change_all, buf, hunks)
  end_undo_step(at)
  if ok then api.nvim_set_option_value('modified', modified, at) end
  if not modifiable then api.nvim_set_option_value('modifiable', false, at) end
  keep_views(kept, hunks, buf)
  renew_insert(buf)
  if not ok then error(err, 0) end
end

return M
