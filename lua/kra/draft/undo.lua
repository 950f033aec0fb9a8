-- The undo history beside the text: an undo file of Neovim's own, written when it has been quiet for a while, and a record that says to
-- which text it belongs. Never of a text above 10 MB, and never while somebody types.
local M = {}
local api = vim.api
local uv = vim.uv
local pack = require('kra.draft.pack')
local records = require('kra.draft.records')

local QUIET_MS, LARGEST, LEAST_PAUSE_NS = 2000, 10 * 1024 * 1024, 5e9

local timer ---@type uv.uv_timer_t?
local made = 0

local function directory()
  local path = require('kra.daemon').state_dir() .. '/drafts/undo'
  vim.fn.mkdir(path, 'p', tonumber('700', 8))
  return path
end

local function size_of(buf)
  local ok, size = pcall(api.nvim_buf_get_offset, buf, api.nvim_buf_line_count(buf))
  return ok and size or math.huge
end

-- Only where the journal has exactly the text that the buffer has.
local function write(rec)
  local tick = api.nvim_buf_get_changedtick(rec.buf)
  if not rec.sent or rec.dirty or rec.scan or (rec.undo and rec.undo.tick == tick) or size_of(rec.buf) > LARGEST then return end
  if api.nvim_get_option_value('undolevels', { buf = rec.buf }) == -1 then return end
  made = made + 1
  local name = ('%s.%d'):format(rec.id, made)
  local path = directory() .. '/' .. name
  local started = uv.hrtime()
  local ok = pcall(api.nvim_buf_call, rec.buf, function()
    api.nvim_cmd({ cmd = 'wundo', bang = true, args = { path }, magic = { file = false, bar = false }, mods = { silent = true } }, {})
  end)
  if not ok or not uv.fs_stat(path) then return end
  uv.fs_chmod(path, tonumber('600', 8))
  local old = rec.undo
  rec.undo = { tick = tick, file = name, pause = math.max(LEAST_PAUSE_NS, 20 * (uv.hrtime() - started)), at = uv.hrtime() }
  require('kra.draft.sink').put(pack.UNDO, { buffer = rec.id, file = name, tick = tick }, function()
    if old then uv.fs_unlink(directory() .. '/' .. old.file) end
  end)
end

local function write_all(budget_ns)
  local started = uv.hrtime()
  for _, rec in pairs(records.all()) do
    local rested = not rec.undo or uv.hrtime() - rec.undo.at > rec.undo.pause
    if (rested or budget_ns) and api.nvim_buf_is_loaded(rec.buf) then pcall(write, rec) end
    if budget_ns and uv.hrtime() - started > budget_ns then return end
  end
end

local function ring()
  if require('kra.draft.clock').waiting() then return end -- still typing; the next flush comes back here
  write_all()
  require('kra.draft.sink').send()
end

--- The journal has all text; when it stays quiet the undo history follows.
function M.poke()
  if not require('kra.config').get().drafts.undo then return end
  timer = timer or assert(uv.new_timer())
  timer:start(QUIET_MS, 0, vim.schedule_wrap(ring))
end

--- The editor goes away: what can be written soon.
function M.now()
  if not require('kra.config').get().drafts.undo then return end
  write_all(200e6)
  require('kra.draft.sink').append(true)
end

return M
