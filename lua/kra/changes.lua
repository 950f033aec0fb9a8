-- Review of what came from outside: each hunk keeps its place in the buffer and the lines that stood there before, until it is accepted.
local M = {}
local api = vim.api
local again = require('kra.changes.again')

local ns = api.nvim_create_namespace('kra_changes')
local tint = api.nvim_create_namespace('kra_tint')
local MOST_HUNKS, KEPT_STEPS = 500, 50

---@class kra.Change
---@field id integer extmark over the new lines
---@field old string[] what stood there before
---@field new string[]
---@field by string
---@field at integer seconds
---@field step integer hunks that came together share it

local changes = {} ---@type table<integer, kra.Change[]> by buffer, in no order
local steps = {} ---@type table<integer, integer[]> by buffer: the numbers of its steps, newest last
local next_step = 0
local fading = {} ---@type table<integer, uv.uv_timer_t>
local group ---@type integer?

local function range_of(buf, change)
  local mark = api.nvim_buf_get_extmark_by_id(buf, ns, change.id, { details = true })
  if not mark[1] then return nil end
  local count = api.nvim_buf_line_count(buf)
  local first = math.min(mark[1], count)
  return first, math.min(math.max(first, mark[3].end_row or first), count)
end

local function stop_fading(buf)
  if not fading[buf] then return end
  fading[buf]:stop()
  fading[buf]:close()
  fading[buf] = nil
end

local function forget(buf)
  changes[buf], steps[buf] = nil, nil
  again.forget(buf)
  stop_fading(buf)
end

local function fade(buf)
  if fading[buf] or vim.fn.bufwinid(buf) == -1 then return end
  local timer = assert(vim.uv.new_timer())
  fading[buf] = timer
  timer:start(require('kra.config').get().live.highlight_ms, 0, vim.schedule_wrap(function()
    if fading[buf] ~= timer then return end
    fading[buf] = nil
    timer:close()
    if api.nvim_buf_is_valid(buf) then api.nvim_buf_clear_namespace(buf, tint, 0, -1) end
  end))
end

local function colour(buf, first, last)
  local count = api.nvim_buf_line_count(buf)
  if first == last then
    local row = math.min(first, count - 1)
    return api.nvim_buf_set_extmark(buf, tint, row, 0, { sign_text = '▁', sign_hl_group = 'KraSign', priority = 5 })
  end
  for row = first, math.min(last, count, first + MOST_HUNKS) - 1 do
    api.nvim_buf_set_extmark(buf, tint, row, 0, { line_hl_group = 'KraChanged', sign_text = '▎', sign_hl_group = 'KraSign', priority = 5 })
  end
end

local function place(buf, change, first, last)
  change.id = api.nvim_buf_set_extmark(buf, ns, first, 0, { end_row = last, end_col = 0, right_gravity = true, end_right_gravity = false })
end

-- `:edit` and its like throw the text away and all that is tied to it.
local function keep(buf)
  stop_fading(buf)
  -- When Neovim ends nothing is read again.
  if vim.v.exiting ~= vim.NIL or not changes[buf] or #changes[buf] == 0 then return end
  local list = {}
  for _, change in ipairs(changes[buf]) do
    local first, last = range_of(buf, change)
    local tints = first and api.nvim_buf_get_extmarks(buf, tint, { first, 0 }, { last, 0 }, { limit = 1 }) or {}
    if first then list[#list + 1] = { change = change, first = first, last = last, tinted = #tints > 0 } end
  end
  again.keep(buf, list)
  changes[buf] = nil
end

-- Where the text is what it was they stand as before.
local function find_again(buf)
  local found = again.find(buf)
  if not found then return end
  api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  local list = {}
  for i, range in ipairs(found) do
    place(buf, range.change, range.first, range.last)
    if range.tinted then colour(buf, range.first, range.last) end
    list[i] = range.change
  end
  changes[buf] = list
  fade(buf)
end

-- What nobody sees stays coloured until somebody has seen it for a while.
local function watch()
  if group then return end
  group = api.nvim_create_augroup('kra_changes', {})
  api.nvim_create_autocmd('BufWinEnter', { group = group, desc = 'kra: a change from outside is seen', callback = function(event)
    if changes[event.buf] then fade(event.buf) end
  end })
  local function on(event, desc, callback)
    api.nvim_create_autocmd(event, { group = group, desc = desc, callback = function(found) callback(found.buf) end })
  end
  on('BufUnload', 'kra: the text goes, and may be read again', keep)
  on('BufReadPost', 'kra: changes in a text that was read again', find_again)
  on({ 'BufDelete', 'BufWipeout' }, 'kra: changes of a buffer that is gone', forget)
end

--- These lines (from 1) are shown as changed where nothing is yet: nobody had them loaded when they were.
---@param buf integer
---@param lnum integer
---@param count? integer
function M.flash(buf, lnum, count)
  local first = math.min(lnum, api.nvim_buf_line_count(buf)) - 1
  if not count or #api.nvim_buf_get_extmarks(buf, tint, { first, 0 }, { first, -1 }, { limit = 1 }) > 0 then return end
  watch()
  colour(buf, first, math.min(first + count, api.nvim_buf_line_count(buf)))
  fade(buf)
end

--- Hunks that were just applied, with the lines that they replaced.
---@param buf integer
---@param hunks kra.Hunk[] in the numbers of the text before
---@param old string[][]
---@param by string
function M.add(buf, hunks, old, by)
  if #hunks == 0 then return end
  watch()
  next_step = next_step + 1
  local list, shift, now = changes[buf] or {}, 0, os.time()
  changes[buf] = list
  steps[buf] = steps[buf] or {}
  table.insert(steps[buf], next_step)
  if #steps[buf] > KEPT_STEPS then table.remove(steps[buf], 1) end
  for i = 1, math.min(#hunks, MOST_HUNKS) do
    local hunk = hunks[i]
    local first = hunk[1] + shift
    local last = first + #hunk[3]
    shift = shift + #hunk[3] - (hunk[2] - hunk[1])
    local change = { old = old[i], new = hunk[3], by = by, at = now, step = next_step }
    place(buf, change, first, last)
    list[#list + 1] = change
    colour(buf, first, last)
  end
  fade(buf)
end

local function remove(buf, change)
  pcall(api.nvim_buf_del_extmark, buf, ns, change.id)
  for i, known in ipairs(changes[buf] or {}) do
    if known == change then table.remove(changes[buf], i) break end
  end
end

---@class kra.Changed one change where it is now
---@field buf integer
---@field path string
---@field lnum integer
---@field change kra.Change

--- All that are not accepted, by file and line.
---@return kra.Changed[]
function M.list()
  local out = {}
  for buf, list in pairs(changes) do
    for _, change in ipairs(api.nvim_buf_is_loaded(buf) and list or {}) do
      local first = range_of(buf, change)
      if first then
        local lnum = math.min(first + 1, api.nvim_buf_line_count(buf))
        table.insert(out, { buf = buf, path = api.nvim_buf_get_name(buf), lnum = lnum, change = change })
      end
    end
  end
  table.sort(out, function(a, b)
    if a.path ~= b.path then return a.path < b.path end
    if a.lnum ~= b.lnum then return a.lnum < b.lnum end
    return a.change.id < b.change.id
  end)
  return out
end

local function say(text) require('kra.notify').say(text, 'info', true) end

-- Those of files that are not loaded stand for the whole file: which line it is is found out when somebody goes there.
local function with_files(list, files)
  for _, file in ipairs(files) do
    if file.kind ~= 'delete' then table.insert(list, { path = file.path, lnum = 0, file = true }) end
  end
  table.sort(list, function(a, b) return a.path < b.path or (a.path == b.path and a.lnum < b.lnum) end)
  return list
end

local function show_file(path)
  local buf = api.nvim_get_current_buf()
  require('kra.follow.line').find(path, function(found)
    if not found or api.nvim_get_current_buf() ~= buf then return end
    api.nvim_win_set_cursor(0, { math.min(found.line, api.nvim_buf_line_count(buf)), 0 })
    vim.cmd('normal! zv')
    M.flash(buf, found.line, found.added)
  end)
end

local function jump(found)
  vim.cmd("normal! m'")
  if found.buf ~= api.nvim_get_current_buf() then
    local ok, err = pcall(vim.api.nvim_cmd, found.file and { cmd = 'edit', args = { found.path }, magic = { file = false } } or
      { cmd = 'buffer', args = { tostring(found.buf) } }, {})
    if not ok then return say(tostring(err):gsub('^.-(E%d+:)', '%1')) end
  end
  if found.file then return show_file(found.path) end
  api.nvim_win_set_cursor(0, { math.min(found.lnum, api.nvim_buf_line_count(0)), 0 })
  vim.cmd('normal! zv')
end

local function walk(list, way)
  if #list == 0 then return say('no change from outside') end
  local path, lnum = api.nvim_buf_get_name(0), api.nvim_win_get_cursor(0)[1]
  local first, last = way == 1 and 1 or #list, way == 1 and #list or 1
  for i = first, last, way do
    local entry = list[i]
    local order = entry.path == path and entry.lnum - lnum or (entry.path < path and -1 or 1)
    if order * way > 0 then return jump(entry) end
  end
  jump(list[first])
end

--- To the next change from outside (or with -1 the one before), over all of the project: files that are loaded hunk by hunk, and those that
--- were changed since this editor began and are not.
---@param way 1|-1
function M.go(way)
  local seconds = os.time() - require('kra.live').since()
  require('kra.changes.list').elsewhere({ seconds = seconds }, function(files) walk(with_files(M.list(), files), way) end)
end

-- Those that the cursor stands on, or all of the buffer.
local function chosen(all)
  local buf, row = api.nvim_get_current_buf(), api.nvim_win_get_cursor(0)[1] - 1
  local out = {}
  for _, change in ipairs(changes[buf] or {}) do
    local first, last = range_of(buf, change)
    local count = api.nvim_buf_line_count(buf)
    local on_it = first and row >= math.min(first, count - 1) and row < math.max(last, first + 1)
    local here = first and (all or on_it or (first == last and row == first - 1))
    if here then table.insert(out, { change = change, first = first, last = last }) end
  end
  table.sort(out, function(a, b) return a.first > b.first end)
  return buf, out
end

--- Nothing more is to be said about the change under the cursor.
---@param all? boolean of all in this buffer
function M.accept(all)
  local buf, found = chosen(all)
  if #found == 0 then return say('there is no change from outside here') end
  for _, entry in ipairs(found) do
    remove(buf, entry.change)
    api.nvim_buf_clear_namespace(buf, tint, entry.first, math.max(entry.last, entry.first + 1))
  end
end

-- The lines before come back. Where somebody has changed the new ones since, both come together or stand beside each other.
---@return boolean clean
local function put_back(buf, change)
  local first, last = range_of(buf, change)
  remove(buf, change)
  if not first then return true end
  api.nvim_buf_clear_namespace(buf, tint, first, math.max(last, first + 1))
  local hunks = require('kra.hunks')
  local now = api.nvim_buf_get_lines(buf, first, last, false)
  if vim.deep_equal(now, change.new) then
    hunks.apply(buf, { { first, last, change.old } }, true)
    return true
  end
  if #now == 0 or #change.new == 0 or #change.old == 0 then
    require('kra.live.conflict').add(buf, first, last, change.old, 'before the change')
    return false
  end
  local list, conflicts, shift = {}, {}, first
  for _, part in ipairs(hunks.merge(change.new, now, change.old)) do
    local lines = vim.list_slice(change.old, part[6] + 1, part[7])
    if part[1] == hunks.THEIRS then
      list[#list + 1] = { first + part[4], first + part[5], lines }
      shift = shift + #lines - (part[5] - part[4])
    elseif part[1] == hunks.CONFLICT then
      conflicts[#conflicts + 1] = { shift + part[4], shift + part[5], lines }
    end
  end
  hunks.apply(buf, list, true)
  local open = require('kra.live.conflict')
  for _, conflict in ipairs(conflicts) do open.add(buf, conflict[1], conflict[2], conflict[3], 'before the change') end
  return #conflicts == 0
end

local function put_back_all(buf, list, what)
  local plain = not vim.bo[buf].modified
  local clean = true
  for _, change in ipairs(list) do clean = put_back(buf, change) and clean end
  local image = require('kra.live.image').get(buf)
  if not clean and image then require('kra.live.guard').arm(image) end
  if not clean then return say(what .. ': you changed these lines since; :Kra mine, theirs or both') end
  -- The disk too, where nothing else of the buffer would go with it.
  if plain then
    local ok, err = pcall(api.nvim_buf_call, buf, function() vim.cmd('silent write') end)
    if ok and not vim.bo[buf].modified then return say(what .. ', and written') end
    return say(('%s; not written: %s'):format(what, ok and 'see :messages' or tostring(err)))
  end
  say(what .. '; not written, the buffer has changes of yours')
end

--- Takes the change under the cursor back, in the buffer and on the disk.
---@param all? boolean all in this buffer
function M.reject(all)
  local buf, found = chosen(all)
  if #found == 0 then return say('there is no change from outside here') end
  local list = vim.tbl_map(function(entry) return entry.change end, found)
  put_back_all(buf, list, #found == 1 and 'taken back' or ('%d hunks taken back'):format(#found))
end

--- Takes back the n-th last step that came from outside into this buffer, whatever was typed since.
---@param count? integer
function M.undo_external(count)
  local buf = api.nvim_get_current_buf()
  local list = steps[buf] or {}
  local step = list[#list - (count or 1) + 1]
  local found = {}
  for _, change in ipairs(step and changes[buf] or {}) do
    if change.step == step then table.insert(found, change) end
  end
  if #found == 0 then return say('no such change from outside in this buffer') end
  table.remove(list, #list - (count or 1) + 1)
  table.sort(found, function(a, b) return (range_of(buf, a) or 0) > (range_of(buf, b) or 0) end)
  put_back_all(buf, found, ('%d hunk%s undone'):format(#found, #found == 1 and '' or 's'))
end

return M
