-- Manual folds as numbers. Only :mkview knows nested and open folds; what it writes is read as text here and never run.
local data = require('kra.session.data')
local guard = require('kra.session.guard')
local M = {}
local api = vim.api

local scratch ---@type string?

---@return {level: integer, ranges: integer[][], states: integer[][]}?
local function parse(text)
  local ranges, states, line, level = {}, {}, nil, 0
  for entry in text:gmatch('[^\n]+') do
    entry = entry:gsub('^sil! ', '') -- since 0.12
    local first, last = entry:match('^(%d+),(%d+)fold$')
    level = tonumber(entry:match('^setlocal fdl=(%d+)$') or entry:match('^setlocal foldlevel=(%d+)$')) or level
    local act = entry:match('^normal! z([oc])$')
    if first then
      table.insert(ranges, { tonumber(first), tonumber(last) })
    elseif entry:match('^%d+$') then
      line = tonumber(entry)
    elseif act and line then
      table.insert(states, { line, act == 'o' and 1 or 0 })
    end
  end
  if #ranges == 0 then return nil end
  return { level = level, ranges = ranges, states = states }
end

--- The folds of the current window, or nil.
function M.capture()
  if vim.wo.foldmethod ~= 'manual' or vim.wo.diff or api.nvim_buf_line_count(0) < 2 then return nil end
  scratch = scratch or vim.fn.tempname()
  local text = guard.with({ viewoptions = 'folds', eventignore = 'all' }, function()
    api.nvim_cmd({ cmd = 'mkview', bang = true, args = { scratch }, mods = { silent = true, noautocmd = true } }, {})
    local file = assert(io.open(scratch, 'rb'))
    local all = file:read('*a')
    file:close()
    os.remove(scratch)
    return all
  end)
  return text and parse(text) or nil
end

--- Makes the folds in window `win`. One that does not fit any more is left out.
function M.restore(win, folds)
  if type(folds) ~= 'table' or vim.wo[win].foldmethod ~= 'manual' then return end
  local last = api.nvim_buf_line_count(api.nvim_win_get_buf(win))
  api.nvim_win_call(win, function()
    pcall(api.nvim_cmd, { cmd = 'normal', bang = true, args = { 'zE' } }, {})
    for _, range in ipairs(data.list(folds.ranges, 10000)) do
      local first, final = data.number(range[1], 1, 2 ^ 31, 0), data.number(range[2], 1, 2 ^ 31, 0)
      if first >= 1 and final <= last and first <= final then pcall(api.nvim_cmd, { cmd = 'fold', range = { first, final } }, {}) end
    end
    vim.wo[win].foldlevel = data.number(folds.level, 0, 99, 0)
    for _, state in ipairs(data.list(folds.states, 10000)) do
      local line = data.number(state[1], 1, last, 0)
      if line > 0 then
        api.nvim_win_set_cursor(win, { line, 0 })
        pcall(api.nvim_cmd, { cmd = 'normal', bang = true, args = { state[2] == 1 and 'zo' or 'zc' } }, {})
      end
    end
  end)
end

return M
