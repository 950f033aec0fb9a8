-- A terminal of a restored session: its command is shown, not run. Enter in its window starts it.
local M = {}
local api = vim.api

-- Shown for people; it is never handed to a shell.
local function quoted(argv)
  local words = {}
  for i, word in ipairs(argv) do words[i] = word:find('^[%w%%+,./:=@_-]+$') and word or "'" .. word:gsub("'", "'\\''") .. "'" end
  return table.concat(words, ' ')
end

--- Runs the command in place of what `win` shows.
---@param win integer
---@param terminal {cwd: string, argv: string[]}
---@return integer buf
function M.start(win, terminal)
  local placeholder = api.nvim_win_get_buf(win)
  local cwd = vim.fn.isdirectory(terminal.cwd) == 1 and terminal.cwd or nil
  local buf = api.nvim_create_buf(true, false)
  require('kra.session.order').replace(placeholder, buf)
  api.nvim_win_set_buf(win, buf)
  api.nvim_win_call(win, function()
    if vim.fn.has('nvim-0.11') == 1 then vim.fn.jobstart(terminal.argv, { term = true, cwd = cwd })
    else vim.fn.termopen(terminal.argv, { cwd = cwd }) end
  end)
  if api.nvim_buf_is_valid(placeholder) then api.nvim_buf_delete(placeholder, { force = true }) end
  return buf
end

--- A buffer that stands for the terminal until somebody starts it.
---@param terminal {cwd: string, argv: string[]}
---@return integer buf
function M.placeholder(terminal)
  local buf = api.nvim_create_buf(true, true)
  local notify = require('kra.notify')
  local text = { notify.printable(quoted(terminal.argv)), '', 'in ' .. notify.printable(terminal.cwd), 'Enter starts it again.' }
  for i, line in ipairs(text) do text[i] = line:gsub('[\n\r]', ' ') end
  api.nvim_buf_set_lines(buf, 0, -1, false, text)
  vim.bo[buf].modifiable = false
  vim.b[buf].kra_terminal = terminal
  vim.keymap.set('n', '<CR>', function() M.start(api.nvim_get_current_win(), terminal) end, { buffer = buf, desc = 'kra: start this command again' })
  return buf
end

return M
