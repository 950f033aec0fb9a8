-- Where somebody follows: a window of this editor, or a tmux pane with an editor of its own.
local M = {}
local api = vim.api
local uv = vim.uv

local COLUMNS, LINES = 100, 30

--- The work tree of the current directory, else that itself.
---@return string
function M.project()
  local cwd = uv.fs_realpath(vim.fn.getcwd(-1, -1)) or vim.fn.getcwd(-1, -1)
  local git = vim.fs.find('.git', { path = cwd, upward = true })[1]
  return git and vim.fs.dirname(git) or cwd
end

--- What of a project may be watched as a whole: not a home, not everything.
---@return string?
function M.watchable()
  local project = M.project()
  if project ~= '/' and project ~= uv.fs_realpath(vim.env.HOME or '/') then return project end
end

---@param what 'split'|'vsplit'
---@return integer win beside the one in use, which keeps the focus
function M.beside(what)
  return api.nvim_open_win(0, false, { split = what == 'vsplit' and 'right' or 'below', win = 0 })
end

--- The same without being asked: only where there is room, and beside a window with a file.
---@param what 'split'|'vsplit'
---@return integer? win
function M.unasked(what)
  local win = api.nvim_get_current_win()
  if #api.nvim_list_uis() == 0 then return nil end
  if not api.nvim_get_mode().mode:find('^[ni]$') or vim.fn.win_gettype(win) ~= '' or vim.bo.buftype ~= '' then return nil end
  local room = what == 'vsplit' and api.nvim_win_get_width(win) >= COLUMNS or what == 'split' and api.nvim_win_get_height(win) >= LINES
  return room and M.beside(what) or nil
end

-- The same settings as this editor was started with.
local function arguments()
  local out = {}
  for i, word in ipairs(vim.v.argv) do
    if i > 1 and (word == '-u' or word == '-i') and vim.v.argv[i + 1] then vim.list_extend(out, { word, vim.v.argv[i + 1] }) end
    if i > 1 and (word == '-n' or word == '--clean') then table.insert(out, word) end
  end
  return out
end

--- A pane beside this one, with an editor that follows. The focus stays here.
---@param below? string
---@param done fun(err: string?)
function M.pane(below, done)
  local socket, pane = require('kra.daemon').tmux()
  if not socket or not pane then return done('this editor is in no tmux pane') end
  local argv = { 'tmux', '-S', socket, 'split-window', '-d', '-h', '-t', pane, '-c', (vim.fn.getcwd(-1, -1):gsub('#', '##')) }
  if vim.env.NVIM_APPNAME then vim.list_extend(argv, { '-e', 'NVIM_APPNAME=' .. vim.env.NVIM_APPNAME }) end
  table.insert(argv, vim.v.progpath)
  vim.list_extend(argv, arguments())
  vim.list_extend(argv, { '-c', ('lua require("kra.follow").accompany(%s)'):format(below and ('%q'):format(below) or '') })
  vim.system(argv, { text = true, timeout = 5000 }, vim.schedule_wrap(function(result)
    done(result.code ~= 0 and vim.trim(result.stderr or '') or nil)
  end))
end

return M
