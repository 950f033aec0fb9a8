-- Every message of kra's goes through here: one title, one level, no message twice in a row, none for what went well by itself.
local M = {}

local last = { text = nil, at = 0 }
local SAME_MS = 5000

local levels = { debug = vim.log.levels.DEBUG, info = vim.log.levels.INFO, warn = vim.log.levels.WARN, error = vim.log.levels.ERROR }

--- Control bytes are shown, not sent to the screen.
---@return string
function M.printable(text)
  return (tostring(text):gsub('[%z\1-\8\11-\31\127]', function(byte) return ('\\x%02x'):format(byte:byte()) end))
end

-- What nobody asked for must not stop the user with a "Press ENTER": one line that fits, drawn by itself.
local function fitting(text)
  text = text:gsub('[\r\n]+', ' ')
  local room = vim.v.echospace
  if vim.fn.strdisplaywidth(text) <= room then return text end
  return vim.fn.strcharpart(text, 0, math.max(10, room - 1)) .. '…'
end

---@param text string
---@param level? 'debug'|'info'|'warn'|'error'
---@param asked? boolean the user asked for it: shown at any level and whole
function M.say(text, level, asked)
  level = level or 'info'
  local wanted = require('kra.config').get().notify.level
  local number = levels[level]
  if not asked and (wanted == 'off' or number < levels[wanted]) then return end
  local now = vim.uv.now()
  if text == last.text and now - last.at < SAME_MS and not asked then return end
  last = { text = text, at = now }
  local line = 'kra: ' .. M.printable(text)
  local show = function()
    if vim.v.vim_did_enter == 1 then pcall(vim.api.nvim_command, 'redraw') end
    vim.notify(asked and line or fitting(line), number, { title = 'kra' })
  end
  if vim.in_fast_event() or not asked then vim.schedule(show) else show() end
end

--- A `User` event. What listens may fail; that costs only its own message.
---@param name string
---@param data? table
function M.event(name, data)
  local ok, err = pcall(vim.api.nvim_exec_autocmds, 'User', { pattern = name, modeline = false, data = data or {} })
  if not ok then M.say(('%s: %s'):format(name, err), 'error') end
end

local problems = {} ---@type kra.Problem[]

-- Of which one notice is enough until they are solved, whoever found them.
local once = { drafts_memory = true, drafts_second = true, drafts_sync = true }

--- Something that the user should know, kept for `:Kra status`.
---@param problem kra.Problem
function M.problem(problem)
  if once[problem.code] and vim.iter(problems):any(function(known) return known.code == problem.code end) then return end
  for i, known in ipairs(problems) do
    if known.code == problem.code and known.text == problem.text then table.remove(problems, i) break end
  end
  table.insert(problems, problem)
  if #problems > 20 then table.remove(problems, 1) end
  M.say(problem.text .. (problem.cure and problem.cure ~= '' and (' (%s)'):format(problem.cure) or ''), 'warn')
  M.event('KraProblem', vim.tbl_extend('force', { ok = false }, problem))
end

--- What was wrong is right again: `:Kra status` shows it no longer.
---@param code string
---@param text? string only the one that says this
function M.solved(code, text)
  problems = vim.tbl_filter(function(problem) return problem.code ~= code or (text ~= nil and problem.text ~= text) end, problems)
end

---@return kra.Problem[]
function M.problems() return vim.deepcopy(problems) end

return M
