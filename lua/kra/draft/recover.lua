-- A stored text back into a buffer: modified, exactly as it was typed, with its undo history; the file itself is not touched.
local M = {}
local api = vim.api
local uv = vim.uv
local records = require('kra.draft.records')

local UNDO_BYTES = 10 * 1024 * 1024

--- The lines of a stored text. readfile() has a line feed for NUL, the API NUL itself.
---@return string[]?
function M.lines(path)
  local ok, lines = pcall(vim.fn.readfile, path, 'b')
  if not ok then return nil end
  for i, line in ipairs(lines) do
    if line:find('\n', 1, true) then lines[i] = line:gsub('\n', '\0') end
  end
  return lines
end

-- Lines without an undo step.
local function set_quietly(buf, lines)
  local levels = api.nvim_get_option_value('undolevels', { buf = buf })
  api.nvim_set_option_value('undolevels', -1, { buf = buf })
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  api.nvim_set_option_value('undolevels', levels, { buf = buf })
end

--- One change from what is there to `lines`: only what differs, so that marks elsewhere stay.
---@param buf integer
---@param lines string[]
function M.replace(buf, lines)
  local now = api.nvim_buf_get_lines(buf, 0, -1, false)
  local first, last_now, last = 1, #now, #lines
  while first <= last_now and first <= last and now[first] == lines[first] do first = first + 1 end
  while last_now >= first and last >= first and now[last_now] == lines[last] do last_now, last = last_now - 1, last - 1 end
  if last_now < first and last < first then return end
  api.nvim_buf_set_lines(buf, first - 1, last_now, false, vim.list_slice(lines, first, last))
end

-- The text that the undo file belongs to, its history, then what came after it as one step.
local function with_undo(buf, taken)
  local lines = taken.undo and M.lines(taken.undo.text)
  if not lines then return false end
  set_quietly(buf, lines)
  return (pcall(api.nvim_buf_call, buf, function()
    api.nvim_cmd({ cmd = 'rundo', args = { taken.undo.file }, magic = { file = false, bar = false }, mods = { silent = true } }, {})
  end))
end

-- The edits of a text that stood in no journal yet, on the file that they are of.
---@return boolean
function M.replay(buf, path)
  local file = io.open(path, 'rb')
  if not file then return false end
  local bytes = file:read('*a')
  file:close()
  local unpack_next, at = vim.mpack.Unpacker(), 1
  while at <= #bytes do
    local map
    map, at = unpack_next(bytes, at)
    if map == nil then break end
    for _, edit in ipairs(map.edits or {}) do
      local first, last, count, text = unpack(edit)
      if last > api.nvim_buf_line_count(buf) then return false end
      api.nvim_buf_set_lines(buf, first, last, false, count == 0 and {} or vim.split(text, '\n', { plain = true }))
    end
  end
  return true
end

local function set_text(buf, taken)
  if taken.base_only then return M.replay(buf, taken.edits) end
  local lines = M.lines(taken.file)
  if not lines then return false end
  local stat = uv.fs_stat(taken.file)
  if stat and stat.size > UNDO_BYTES then
    set_quietly(buf, lines)
  else
    with_undo(buf, taken)
    M.replace(buf, lines)
  end
  return true
end

local function set_options(buf, taken)
  local function set(name, value)
    if value ~= nil and api.nvim_get_option_value(name, { buf = buf }) ~= value then pcall(api.nvim_set_option_value, name, value, { buf = buf }) end
  end
  set('fileencoding', taken.encoding)
  set('fileformat', taken.fileformat)
  set('bomb', taken.bomb)
  set('endofline', taken.eol)
  if taken.binary then set('binary', taken.binary) end
  if taken.filetype ~= '' then set('filetype', taken.filetype) end
end

--- The cursor of each window that shows it goes where it was.
---@param buf integer
---@param cursor? integer[]
function M.place(buf, cursor)
  if type(cursor) ~= 'table' then return end
  local line = math.max(1, math.min(tonumber(cursor[1]) or 1, api.nvim_buf_line_count(buf)))
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do pcall(api.nvim_win_set_cursor, win, { line, math.max(0, tonumber(cursor[2]) or 0) }) end
  if #vim.fn.win_findbuf(buf) == 0 then pcall(api.nvim_buf_set_mark, buf, '"', line, 0, {}) end
end

--- Puts the text into `buf`, which becomes a modified buffer. The stored one ends when ours is in the journal.
---@param buf integer
---@param taken kra.TakenDraft
---@return boolean
function M.fill(buf, taken)
  local draft = require('kra.draft')
  draft.attach(buf)
  -- Neovim would warn of a change to a read-only file (W10), which a file with a swap file is until it is settled.
  local kept = {}
  for name, value in pairs({ modifiable = true, readonly = false }) do
    kept[name] = api.nvim_get_option_value(name, { buf = buf })
    api.nvim_set_option_value(name, value, { buf = buf })
  end
  local ok, done = pcall(set_text, buf, taken)
  pcall(set_options, buf, taken)
  for name, value in pairs(kept) do api.nvim_set_option_value(name, value, { buf = buf }) end
  if not ok or not done then return false end
  api.nvim_set_option_value('modified', true, { buf = buf })
  M.place(buf, taken.cursor)
  draft.took_over(buf, taken.id)
  require('kra.notify').event('KraDraftRecovered', { ok = true, path = taken.path, id = taken.id, buf = buf, duration_ms = 0 })
  return true
end

local swaps = {} ---@type table<string, kra.Swap> by path, met when its buffer was loaded here

--- The text came back, so the swap file of the dead editor is no reason any more to leave the buffer read-only. It goes away when nothing
--- was written to it after the text.
---@param swap kra.Swap
---@param buf integer
---@param at? integer when the text was typed, in ms
---@return boolean settled
function M.settle(swap, buf, at)
  if swap.alive then return false end
  api.nvim_set_option_value('readonly', false, { buf = buf })
  local stat = uv.fs_stat(swap.swap)
  if stat and at and stat.mtime.sec <= at / 1000 + 1 then uv.fs_unlink(swap.swap) end
  return true
end

--- Loads a file without a question about its swap file.
---@param path string
---@return integer
function M.load(path)
  local known = vim.fn.bufexists(path) == 1
  local buf = vim.fn.bufadd(path)
  if not known or not vim.bo[buf].buflisted then vim.bo[buf].buflisted = true end
  if not api.nvim_buf_is_loaded(buf) then
    -- Neovim loads it whatever lies beside, but would tell of a swap file over the whole screen.
    require('kra.session.guard').with({ shortmess = vim.o.shortmess .. 'AF' }, function() vim.fn.bufload(buf) end)
    local swap = require('kra.session.swap').beside(buf)
    if swap then swaps[swap.path] = swap end
  end
  return buf
end

---@class kra.Place
---@field buf integer
---@field conflict? 'changed'|'modified' why it must not be filled by itself
---@field gone? boolean the file is not there any more

--- The buffer that a draft belongs into.
---@param taken kra.TakenDraft
---@param unnamed? integer a buffer for one without a name
---@return kra.Place
function M.place_of(taken, unnamed)
  if not taken.path then return { buf = unnamed or api.nvim_create_buf(true, false) } end
  local there = records.identity(taken.path)
  if not there and taken.base then return { buf = api.nvim_create_buf(true, false), gone = true } end
  local buf = M.load(taken.path)
  if api.nvim_get_option_value('modified', { buf = buf }) then return { buf = buf, conflict = 'modified' } end
  if M.changed(taken) then return { buf = buf, conflict = 'changed' } end
  return { buf = buf }
end

--- Is the file another one than the text was typed into?
---@param taken kra.TakenDraft
---@return boolean
function M.changed(taken)
  local there = records.identity(taken.path)
  if records.same(there, taken.base) then return false end
  if not there or not taken.base then return true end
  -- Only touched, or written again with the same bytes.
  local hash64 = require('kra.native').hash64
  if not hash64 or not taken.base.hash or there.size ~= taken.base.size then return true end
  local file = io.open(taken.path, 'rb')
  if not file then return true end
  local bytes = file:read('*a')
  file:close()
  return hash64(bytes) ~= taken.base.hash
end

-- A swap file may have brought the same text back already.
local function is_there(buf, taken)
  return taken.file ~= nil and vim.deep_equal(M.lines(taken.file), api.nvim_buf_get_lines(buf, 0, -1, false))
end

local function short(path) return vim.fn.fnamemodify(path, ':~:.') end

--- Recovers one by its id. Where something stands against it the user is asked, unless `quiet`: then it is told, and stays listed.
---@param id string
---@param opts? {quiet?: boolean, unnamed?: integer, show?: boolean}
---@param done? fun(buf: integer?, taken: kra.TakenDraft?)
function M.one(id, opts, done)
  opts, done = opts or {}, done or function() end
  local notify = require('kra.notify')
  require('kra.draft.notice').skip(id)
  require('kra.draft.store').take(id, function(err, taken)
    if err or not taken then
      notify.problem({ code = 'draft_take', text = 'a draft could not be read: ' .. (err and err.what or '?'), cure = ':Kra drafts' })
      return done(nil)
    end
    taken.id = id
    local place = M.place_of(taken, opts.unnamed)
    if place.conflict == 'modified' and is_there(place.buf, taken) then place.conflict = nil end
    local merged = place.conflict == 'changed' and require('kra.live.recovered').base(taken, place.buf) or nil
    if place.conflict and not merged then
      if not opts.quiet then return require('kra.draft.conflict').ask(place, taken, done) end
      local why = place.conflict == 'changed' and 'the file was changed since' or 'its buffer has other changes'
      notify.problem({ code = 'draft_conflict', text = ('unsaved text of %s waits: %s'):format(short(taken.path), why), cure = ':Kra drafts' })
      return done(nil)
    end
    if opts.show then api.nvim_set_current_buf(place.buf) end
    if not M.fill(place.buf, taken) then
      notify.problem({ code = 'draft_take', text = 'a draft could not be put back; it stays listed', cure = ':Kra drafts' })
      return done(nil)
    end
    if merged then require('kra.live.recovered').merge(place.buf, merged) end
    local swap = taken.path and swaps[taken.path]
    if swap then
      swaps[taken.path] = nil
      M.settle(swap, place.buf, taken.at)
    end
    if place.gone then
      vim.b[place.buf].kra_draft_of = taken.path
      notify.say(('%s is gone: its unsaved text came back without a name'):format(short(taken.path)), 'warn')
    end
    done(place.buf, taken)
  end)
end

local expected = {} ---@type table<string, integer> draft id -> buffer without a name

--- A session restores a buffer without a name that had this draft.
function M.expect(id, buf)
  if type(id) == 'string' then expected[id] = buf end
end

local function empty_unnamed(used)
  for _, win in ipairs(api.nvim_list_wins()) do
    local buf = api.nvim_win_get_buf(win)
    local text = api.nvim_buf_line_count(buf) > 1 or api.nvim_buf_get_lines(buf, 0, 1, false)[1] ~= ''
    if api.nvim_buf_get_name(buf) == '' and vim.bo[buf].buftype == '' and not vim.bo[buf].modified and not text and not used[buf] then
      used[buf] = true
      return buf
    end
  end
end

-- What belongs to the session: of the same editor, or of one of its files, or a buffer that it had.
local function belongs(row, editor, state)
  if row.state ~= 'left' and row.state ~= 'abandoned' then return false end
  if expected[row.buffer] or (editor and row.editor == editor) then return true end
  for _, buffer in ipairs(state.buffers) do
    if type(buffer) == 'table' and buffer.path and buffer.path == row.path then return true end
  end
  return not row.path and row.cwd ~= nil and row.cwd == state.cwd
end

local restoring = 0

--- Is unsaved text of a restored session on its way?
function M.busy() return restoring > 0 end

--- After a session: its unsaved text. Of several texts of a file the newest; the others stay listed.
---@param editor? string the editor whose session it was
---@param state kra.State
---@param done? fun(recovered: table<string, {buf: integer, at: integer?}>) by path
function M.session(editor, state, done)
  done = done or function() end
  if not require('kra.config').get().drafts.active or not require('kra.draft.store').any() then return done({}) end
  require('kra.draft').start()
  restoring = restoring + 1
  require('kra.draft.store').list({ all = true }, function(_, rows)
    local left, seen, used, recovered = 1, {}, {}, {}
    for _, buf in pairs(expected) do used[buf] = true end
    local function one_less(buf, taken)
      if buf and taken and taken.path then recovered[taken.path] = { buf = buf, at = taken.at } end
      left = left - 1
      if left > 0 then return end
      restoring, expected = restoring - 1, {}
      done(recovered)
    end
    for _, row in ipairs(rows) do
      if belongs(row, editor, state) and not (row.path and seen[row.path]) then
        if row.path then seen[row.path] = true end
        left = left + 1
        local buf = expected[row.buffer]
        if buf and not api.nvim_buf_is_valid(buf) then buf = nil end
        if not row.path and not buf then buf = empty_unnamed(used) end
        M.one(row.id, { quiet = true, unnamed = buf }, one_less)
      end
    end
    one_less()
  end)
end

return M
