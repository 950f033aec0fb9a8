-- When a stored text and the file (or its buffer) are both new: side by side, and three ways on. None of them writes to the file.
local M = {}
local api = vim.api

local function scratch(lines, name, filetype)
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  pcall(api.nvim_buf_set_name, buf, name)
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable = 'wipe', false
  -- Colours without the file type's autocommands.
  if filetype and filetype ~= '' then pcall(function() vim.bo[buf].syntax = filetype end) end
  return buf
end

-- The stored text as lines; that of changes to a file needs the file.
local function stored_lines(taken)
  if not taken.base_only then return require('kra.draft.recover').lines(taken.file) or {} end
  local recover = require('kra.draft.recover')
  local file, buf = recover.load(taken.path), api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, api.nvim_buf_get_lines(file, 0, -1, false))
  recover.replay(buf, taken.edits)
  local lines = api.nvim_buf_get_lines(buf, 0, -1, false)
  api.nvim_buf_delete(buf, { force = true })
  return lines
end

--- A tab with the buffer or file on the left and the stored text on the right, as a diff.
---@param taken kra.TakenDraft
---@param buf? integer
---@return integer tab
function M.compare(taken, buf)
  local lines = stored_lines(taken)
  if not buf and taken.path then
    buf = require('kra.draft.recover').load(taken.path)
  end
  api.nvim_cmd({ cmd = 'tabnew' }, {})
  local tab, empty = api.nvim_get_current_tabpage(), api.nvim_get_current_buf()
  if buf then api.nvim_win_set_buf(0, buf) end
  if buf then api.nvim_cmd({ cmd = 'diffthis' }, {}) end
  local right = scratch(lines, ('kra: unsaved %s %s'):format(taken.path or '', taken.id), taken.filetype)
  api.nvim_open_win(right, true, { split = 'right', win = api.nvim_get_current_win() })
  if buf then api.nvim_cmd({ cmd = 'diffthis' }, {}) end
  if buf and api.nvim_buf_is_valid(empty) and empty ~= buf then pcall(api.nvim_buf_delete, empty, {}) end
  return tab
end

local function close(tab)
  if not api.nvim_tabpage_is_valid(tab) then return end
  for _, win in ipairs(api.nvim_tabpage_list_wins(tab)) do api.nvim_win_call(win, function() api.nvim_cmd({ cmd = 'diffoff' }, {}) end) end
  if #api.nvim_list_tabpages() > 1 then pcall(api.nvim_cmd, { cmd = 'tabclose', args = { tostring(api.nvim_tabpage_get_number(tab)) } }, {}) end
end

local function write_lines(path, lines)
  local file = assert(io.open(path, 'wb'))
  file:write(table.concat(lines, '\n'))
  file:close()
end

M.choices = {
  { 'the unsaved text into the buffer; the file stays as it is until you write', 'draft' },
  { 'the file as it is now; the unsaved text stays listed', 'file' },
  { 'both: the unsaved text in a buffer of its own', 'both' },
}

local acts = {
  draft = function(place, taken) return require('kra.draft.recover').fill(place.buf, taken) and place.buf end,
  file = function() return nil end,
  both = function(_, taken)
    local buf = api.nvim_create_buf(true, false)
    if taken.base_only then
      local lines = stored_lines(taken)
      taken.file, taken.base_only = vim.fn.tempname(), nil
      write_lines(taken.file, lines)
    end
    local path = taken.path
    if not require('kra.draft.recover').fill(buf, vim.tbl_extend('force', taken, { path = false, undo = false })) then return nil end
    vim.b[buf].kra_draft_of = path
    return buf
  end,
}

--- Shows both and asks. `done` gets the buffer that holds the text now, if any.
---@param place kra.Place
---@param taken kra.TakenDraft
---@param done fun(buf: integer?)
function M.ask(place, taken, done)
  local ok, tab = pcall(M.compare, taken, place.buf)
  local why = place.conflict == 'changed' and 'was changed on disk since' or 'has other changes here'
  vim.ui.select(M.choices, {
    prompt = ('%s %s. Keep'):format(vim.fn.fnamemodify(taken.path or 'the buffer', ':~:.'), why), kind = 'kra_draft_conflict',
    format_item = function(choice) return choice[1] end,
  }, function(choice)
    if ok then close(tab) end
    if not choice then return done(nil) end
    local buf = acts[choice[2]](place, taken)
    if buf then api.nvim_set_current_buf(buf) end
    done(buf)
  end)
end

--- Files that other programs wrote meanwhile: unmodified buffers are read again where the user wants that, and about the others a
--- notice tells instead of a question.
function M.look()
  local group = api.nvim_create_augroup('kra_draft_look', {})
  api.nvim_create_autocmd('FileChangedShell', {
    group = group,
    desc = 'kra: tell instead of asking',
    callback = function(event)
      local reason = vim.v.fcs_reason
      if reason == 'mode' or reason == 'time' then
        vim.v.fcs_choice = ''
      elseif vim.bo[event.buf].modified then
        vim.v.fcs_choice = ''
        local name = vim.fn.fnamemodify(api.nvim_buf_get_name(event.buf), ':~:.')
        local text = reason == 'deleted' and ('%s is gone from the disk; its text is here'):format(name)
          or ('%s was changed on disk while it has changes here'):format(name)
        require('kra.notify').problem({ code = 'file_changed', text = text, cure = ':write! keeps yours, :edit! takes the other' })
      else
        vim.v.fcs_choice = reason == 'changed' and vim.o.autoread and 'reload' or ''
      end
    end,
  })
  -- Without an argument only the buffers in windows would be looked at.
  for _, buf in ipairs(api.nvim_list_bufs()) do
    if api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' and api.nvim_buf_get_name(buf) ~= '' then
      pcall(api.nvim_cmd, { cmd = 'checktime', args = { tostring(buf) }, mods = { silent = true } }, {})
    end
  end
  pcall(api.nvim_del_augroup_by_id, group)
end

return M
