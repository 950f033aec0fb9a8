-- What a hidden buffer of a restored session gets when it is loaded for the first time: its line and its options.
local M = {}
local api = vim.api

local waiting = {} ---@type table<integer, {line?: integer, options?: table}>
local watching = false

local function watch()
  if watching then return end
  watching = true
  local group = api.nvim_create_augroup('kra_later', {})
  api.nvim_create_autocmd('BufReadPost', {
    group = group,
    desc = 'kra: go to the saved line of a restored buffer',
    callback = function(event)
      local kept = waiting[event.buf]
      if not kept then return end
      waiting[event.buf] = nil
      vim.schedule(function()
        if not api.nvim_buf_is_valid(event.buf) then return end
        require('kra.session.options').set_buffer(event.buf, kept.options)
        local win = vim.fn.bufwinid(event.buf)
        local line = math.min(kept.line or 1, api.nvim_buf_line_count(event.buf))
        if win > 0 and api.nvim_win_get_cursor(win)[1] == 1 and line > 1 then pcall(api.nvim_win_set_cursor, win, { line, 0 }) end
      end)
    end,
  })
  local function forget(event) waiting[event.buf] = nil end
  api.nvim_create_autocmd('BufWipeout', { group = group, desc = 'kra: forget a wiped buffer', callback = forget })
end

function M.set(buf, line, options)
  if not line and not options then return end
  watch()
  waiting[buf] = { line = line, options = options }
end

--- The line in which a hidden buffer was left.
---@return integer?
function M.line(buf)
  if waiting[buf] then return waiting[buf].line end
  if not api.nvim_buf_is_loaded(buf) then return nil end
  local line = api.nvim_buf_get_mark(buf, '"')[1]
  return line > 1 and line or nil
end

---@return table?
function M.options(buf) return waiting[buf] and waiting[buf].options end

return M
