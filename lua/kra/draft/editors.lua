-- Other Neovims at work on the same files: where they are, and the way there.
local M = {}
local api = vim.api

---@class kra.OtherEditor
---@field editor? string
---@field pid? integer
---@field pane? string
---@field server? string of its tmux

local told_files = '' -- what the daemon knows of ours

--- The files of this editor's loaded buffers; told when they are others than before.
function M.tell_files()
  local rpc = require('kra.rpc')
  if not rpc.connected() then
    told_files = ''
    return
  end
  local paths = {}
  for _, buf in ipairs(api.nvim_list_bufs()) do
    local name = api.nvim_buf_get_name(buf)
    if api.nvim_buf_is_loaded(buf) and name:sub(1, 1) == '/' and vim.bo[buf].buftype == '' and require('kra.buffers').check(buf) then
      table.insert(paths, name)
    end
  end
  table.sort(paths)
  local text = table.concat(paths, '\0')
  if text == told_files then return end
  told_files = text
  rpc.notify('files', { paths = vim.list_slice(paths, 1, 10000) })
end

--- A daemon that was met knows nothing of us yet.
function M.met()
  told_files = ''
  M.tell_files()
end

---@param other kra.OtherEditor
function M.where(other)
  if other.pane and other.pane ~= '' then return 'in pane ' .. other.pane end
  return other.pid and ('as process %d'):format(other.pid) or 'elsewhere'
end

--- Shows the pane of the other editor to the user.
---@param other kra.OtherEditor
---@return boolean
function M.jump(other)
  local server = other.server and other.server ~= '' and other.server or require('kra.daemon').tmux()
  if not (server and tostring(other.pane):find('^%%%d+$')) then
    require('kra.notify').say('it is in no pane of tmux: ' .. M.where(other), 'warn', true)
    return false
  end
  local pane = other.pane
  local argv = { 'tmux', '-S', server, 'select-window', '-t', pane, ';', 'select-pane', '-t', pane, ';', 'switch-client', '-t', pane }
  local ok = pcall(vim.system, argv, { timeout = 3000 }, vim.schedule_wrap(function(result)
    if result.code ~= 0 then require('kra.notify').say('tmux: ' .. vim.trim(result.stderr or ''), 'warn', true) end
  end))
  return ok
end

local seen = {} ---@type table<string, boolean>

--- Says once that a file is open in another editor.
---@param path string
---@param others kra.OtherEditor[]
function M.tell(path, others)
  for _, other in ipairs(others) do
    local key = path .. '\0' .. tostring(other.editor or other.pid)
    if not seen[key] then
      seen[key] = true
      require('kra.notify').problem({ code = 'open_elsewhere', cure = ':Kra drafts goes there',
        text = ('%s is open %s too'):format(vim.fn.fnamemodify(path, ':~:.'), M.where(other)) })
    end
  end
end

return M
