-- Editor state <-> data, and the events around it.
local M = {}

--- The session as data. While a restore is not complete, what is being restored.
---@return kra.State state
---@return boolean whole false while a restore fills in
function M.capture()
  local pending = require('kra.session.restore').pending()
  if pending then return pending, false end
  return (require('kra.session.capture').take()), true
end

-- One line for each swap file, with what can be done.
local function tell_swaps(swaps)
  for _, swap in ipairs(swaps) do
    local name = vim.fn.fnamemodify(swap.path, ':~:.')
    if swap.alive then
      local where = swap.pane and (' in pane ' .. swap.pane) or ''
      require('kra.notify').problem({ code = 'swap_alive', cure = 'go on there, or close it there and :edit here',
        text = ('%s is open in another editor (pid %d%s): read-only here'):format(name, swap.pid, where) })
    else
      require('kra.notify').problem({ code = 'swap_dead', text = ('%s has a swap file of an editor that died: read-only here'):format(name),
        cure = ':recover ' .. vim.fn.fnameescape(swap.path) .. ', then compare' })
    end
  end
end

local failed = false

--- A restore that failed must not be saved over: this says so until one went well.
function M.failed() return failed end

---@param state kra.State
---@param opts? {shada?: string, editor?: string, done?: fun(report: kra.RestoreReport)}
---@return boolean ok
---@return string? error
function M.restore(state, opts)
  opts = opts or {}
  local notify = require('kra.notify')
  notify.event('KraRestorePre', { ok = true, duration_ms = 0 })
  local ok, err = require('kra.session.restore').apply(state, {
    shada = opts.shada,
    done = function(report)
      if #report.failed > 0 then notify.problem({ code = 'restore_items', text = 'not restored: ' .. table.concat(report.failed, '; ') }) end
      require('kra.draft.alive').measure('session_restore', report.usable_ms, report.ok, { whole_ms = report.duration_ms })
      notify.event('KraRestorePost', { ok = report.ok, duration_ms = report.duration_ms, usable_ms = report.usable_ms, failed = report.failed })
      if opts.done then opts.done(report) end
      -- A swap file is no news where its text came back.
      local recover = require('kra.draft.recover')
      recover.session(opts.editor, state, function(recovered)
        tell_swaps(vim.tbl_filter(function(swap)
          local text = recovered[swap.path]
          return not (text and recover.settle(swap, text.buf, text.at))
        end, report.swaps))
      end)
    end,
  })
  failed = not ok
  if not ok then
    notify.problem({ code = 'restore', text = 'the session could not be restored: ' .. tostring(err), cure = 'nothing was saved over it; :Kra log' })
    notify.event('KraRestorePost', { ok = false, duration_ms = 0 })
  end
  return ok, err
end

return M
