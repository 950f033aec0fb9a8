-- The text of :Kra status: is my work safe, since when, what is pending, how fast.
local M = {}

--- Is what was typed safe, and since when?
---@param drafts table what kra.draft.status() gives
---@return string
---@return boolean well nothing is to be done about it
function M.safety(drafts)
  if not drafts.active then return 'unsaved text is not kept (drafts.active, or no user interface)', true end
  if drafts.durability == 'memory' then return 'NOT safe: unsaved text is only in memory', false end
  local left = 0
  for _, row in ipairs(drafts.excluded) do left = left + row.count end
  local but = left > 0 and (', but for %d modified %s that are left out'):format(left, left == 1 and 'buffer' or 'buffers') or ''
  if drafts.waiting or drafts.held > 0 then return 'safe in a moment: text is on its way' .. but, true end
  if drafts.buffers == 0 then return 'safe: nothing is unsaved' .. but, true end
  local since = drafts.kept_at and os.date('%H:%M:%S', drafts.kept_at) or '?'
  return ('safe: all text is kept since %s%s'):format(since, but), true
end

local function speeds(add)
  local figures = require('kra.draft.alive').metrics()
  local names = vim.tbl_keys(figures)
  table.sort(names)
  local target = require('kra.config').get().performance.target_ms
  for _, name in ipairs(names) do
    local figure = figures[name]
    add('speed       %s: %d times, %.1f ms on average, p99 %.1f ms (target %d)%s', name, figure.count, figure.average_ms, figure.p99_ms, target,
      figure.failed > 0 and (', %d failed'):format(figure.failed) or '')
  end
end

-- What the daemon measured itself.
local function helper_speeds(add, metrics)
  for _, name in ipairs({ 'saves', 'restore', 'sync' }) do
    local row = type(metrics) == 'table' and metrics[name]
    if row and row.count + row.failed > 0 then
      add('speed       %s: %d times, %.1f ms on average, p99 %.1f ms%s', name, row.count, row.mean_ms, row.p99_ms,
        row.failed > 0 and (', %d failed'):format(row.failed) or '')
    end
  end
end

---@param here table what require('kra').status() gives
---@param there table? what the daemon says
---@param err? {what: string}
---@return string[]
function M.lines(here, there, err)
  local lines = {}
  local function add(...) table.insert(lines, string.format(...)) end
  local drafts = here.drafts
  add('work        %s', (M.safety(drafts)))
  if drafts.buffers > 0 then add('unsaved     %d %s, in the %s', drafts.buffers, drafts.buffers == 1 and 'buffer' or 'buffers', drafts.durability) end
  if there then
    local daemon, workspace = there.daemon or {}, there.workspace or {}
    if workspace.name and workspace.name ~= '' and workspace.name ~= vim.NIL then
      local pending = workspace.dirty and ', changes pending' or ''
      add('workspace   %s@%s, saved %s%s', workspace.name, workspace.generation or '?', workspace.saved_at or 'never', pending)
    end
    add('daemon      running, pid %s, version %s', daemon.pid or '?', daemon.version or '?')
  else
    add('daemon      %s', err and err.what or 'not connected')
  end
  add('this editor %s', here.blocked and ('left alone: ' .. here.blocked) or here.paused and 'paused' or 'watched')
  speeds(add)
  helper_speeds(add, there and there.metrics)
  for _, row in ipairs(here.excluded) do add('left out    %d: %s', row.count, row.reason) end
  for _, row in ipairs(drafts.excluded) do add('not kept    %d modified: %s', row.count, row.reason) end
  for _, problem in ipairs(here.problems) do add('problem     %s%s', problem.text, problem.cure and (' -> ' .. problem.cure) or '') end
  return lines
end

return M
