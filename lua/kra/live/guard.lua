-- The write guard. A buffer that was changed in place has an old time of its file in Neovim's memory, and a plain `:write` would ask whether
-- to overwrite a file that changed. While that is so, or while a conflict is open, an autocommand of the buffer's own writes instead:
--
--   :w ─► did the disk move? ─ yes ─► merge first ─► a conflict? ─ yes ─► one line, nothing is written (:w! means mine)
--              │ no                                    │ no
--              └──────────► BufWritePre ─► the same look again ─► :write! of Neovim's own ─► BufWritePost ─► it removes itself
local M = {}
local api = vim.api
local images = require('kra.live.image')
local disk = require('kra.live.disk')

---@class kra.Guard.Hooks
---@field absorb fun(image: kra.Image) the disk may have moved: merge
---@field conflicts fun(image: kra.Image): integer how many are open
---@field mine fun(image: kra.Image) the buffer stands in all of them
local hooks ---@type kra.Guard.Hooks

---@param given kra.Guard.Hooks
function M.setup(given) hooks = given end

local function complain(text) api.nvim_echo({ { text, 'ErrorMsg' } }, true, {}) end

-- Neovim looks at this before it would come to the write; here it asks with a `!` that the user did not give.
local function may_write(path)
  local stat = vim.uv.fs_stat(path)
  return not stat or vim.uv.fs_access(path, 'W') == true
end

-- Autocommands of others, as if Neovim had come to them. One that fails does not stop the write, as without us.
local function fire(event, target, own)
  local opts = own and { buffer = api.nvim_get_current_buf(), modeline = false } or { pattern = target, modeline = false }
  local ok, err = pcall(api.nvim_exec_autocmds, event, opts)
  if not ok then complain((tostring(err):gsub('\n.*', ''))) end
end

-- The write itself, by Neovim: backup, permissions, encodings, fsync and messages are its own.
---@return string? error
local function write(target, own)
  local arguments = vim.v.cmdarg
  local name = own and '' or (' ' .. vim.fn.fnameescape(target))
  local ok, err = pcall(api.nvim_command, 'noautocmd write!' .. arguments .. name)
  if not ok then return (tostring(err):gsub('^.-(E%d+:)', '%1'):gsub('\n.*', '')) end
end

-- Nothing is written over what nobody here has seen.
---@return boolean
local function settled(image)
  local identity = disk.identity(image.path)
  if identity ~= image.identity or image.behind then hooks.absorb(image) end
  local open = hooks.conflicts(image)
  if open > 0 then
    complain(('kra: %d conflict%s with what is on disk: :Kra mine, theirs, both or diff; :w! keeps yours'):format(open, open == 1 and '' or 's'))
    return false
  end
  if image.behind then
    complain(('kra: the file was changed outside (%s): :Kra theirs loads it, :w! keeps yours'):format(image.behind))
    return false
  end
  return true
end

local function write_own(image, target)
  local forced = vim.v.cmdbang == 1
  if forced then hooks.mine(image)
  elseif not settled(image) then return
  elseif not may_write(image.path) then return complain(('E505: "%s" is read-only (add ! to override)'):format(target)) end
  fire('BufWritePre', target, true)
  if not api.nvim_buf_is_valid(image.buf) then return end
  -- A formatter takes its time: what somebody wrote meanwhile comes in too.
  if not forced and not settled(image) then return end
  local err = write(target, true)
  if err then return complain(err) end
  M.disarm(image)
  fire('BufWritePost', target, true)
end

local function write_other(target)
  fire('BufWritePre', target, false)
  local err = write(target, false)
  if err then complain(err) else fire('BufWritePost', target, false) end
end

local function write_command(event)
  local image = images.get(event.buf)
  local target = event.match
  if image and (target == image.name or disk.real(target) == image.path) then return write_own(image, target) end
  write_other(target)
end

--- Another plugin writes this buffer: it is not ours to change or to guard.
---@param buf integer
---@return boolean
function M.foreign(buf)
  local name
  for _, autocmd in ipairs(api.nvim_get_autocmds({ event = 'BufWriteCmd' })) do
    if autocmd.group_name ~= 'kra_guard' then
      if autocmd.buflocal then
        if autocmd.buffer == buf then return true end
      else
        name = name or api.nvim_buf_get_name(buf)
        local ok, matches = pcall(vim.fn.match, name, vim.fn.glob2regpat(autocmd.pattern))
        if ok and matches >= 0 then return true end
      end
    end
  end
  return false
end

---@param image kra.Image
function M.arm(image)
  if image.guard then return end
  image.guard = api.nvim_create_autocmd('BufWriteCmd', {
    group = api.nvim_create_augroup('kra_guard', { clear = false }), buffer = image.buf,
    desc = 'kra: write over a file that was merged already', callback = write_command,
  })
end

---@param image kra.Image
function M.disarm(image)
  if not image.guard then return end
  pcall(api.nvim_del_autocmd, image.guard)
  image.guard = nil
end

return M
