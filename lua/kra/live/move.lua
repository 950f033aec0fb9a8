-- A file that got another name keeps what belongs to it: its buffer with text and undo, the undo file, and on request its side-cars.
local M = {}
local api = vim.api
local uv = vim.uv

---@class kra.Moved
---@field from string
---@field to string

local last ---@type kra.Moved[]? of the last step: a :Kra move, or side-cars that went along by themselves

local function move_undo_file(from, to)
  local old, new = vim.fn.undofile(from), vim.fn.undofile(to)
  if old ~= '' and new ~= '' and uv.fs_stat(old) and not uv.fs_stat(new) then pcall(uv.fs_rename, old, new) end
end

-- What both had in common goes along: a file that was renamed and written since is still merged into what was typed.
local function keep_common(buf, before)
  local image = require('kra.live.image').get(buf)
  if not image or not before.lines or image.hash == before.hash then return end
  image.lines, image.raw, image.hash, image.eol, image.identity, image.tick = before.lines, nil, before.hash, before.eol, nil, -1
  require('kra.live').news(image)
end

-- The buffer goes by its new name. Neovim loads it again, so that it knows the file and language servers learn the name; what was not saved
-- comes back on top as one step.
local function rename_buffer(buf, to)
  local images = require('kra.live.image')
  local image = images.get(buf)
  local before = { lines = image and image.hash ~= '' and images.base(image) or nil, hash = image and image.hash, eol = image and image.eol }
  local lines, modified = api.nvim_buf_get_lines(buf, 0, -1, false), vim.bo[buf].modified
  local old_name = api.nvim_buf_get_name(buf)
  api.nvim_buf_set_name(buf, to)
  -- The old name stays behind as an alternate file that nobody opened.
  local left = vim.fn.bufnr('^' .. vim.fn.fnameescape(old_name) .. '$')
  if left > 0 and left ~= buf and not api.nvim_buf_is_loaded(left) then pcall(api.nvim_buf_delete, left, { force = true }) end
  local views = {}
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do views[win] = api.nvim_win_call(win, vim.fn.winsaveview) end
  api.nvim_buf_call(buf, require('kra.live.absorb').read_again)
  require('kra.live').register(buf, true)
  local hunks = require('kra.hunks')
  local list = hunks.between(api.nvim_buf_get_lines(buf, 0, -1, false), lines)
  -- Where nothing was typed the file is right, whatever was written into it meanwhile.
  if modified then
    hunks.apply(buf, list, true)
    keep_common(buf, before)
  end
  for win, view in pairs(views) do
    if api.nvim_win_is_valid(win) then api.nvim_win_call(win, function() vim.fn.winrestview(view) end) end
  end
end

-- What belongs to a file that has its new name already.
local function take_along(from, to)
  if uv.fs_stat(from) or not uv.fs_stat(to) then return end
  move_undo_file(from, to)
  for _, image in ipairs(require('kra.live.image').of_path(from)) do
    if vim.fn.bufnr('^' .. vim.fn.fnameescape(to) .. '$') <= 0 then
      rename_buffer(image.buf, to)
      require('kra.notify').event('KraExternalChange', { path = to, from = from, buf = image.buf, kind = 'rename', writer = '', hunks = 0 })
    end
  end
end

--- The files that go with this one, by the pairs of live.sidecars: `%.ts:%.test.ts`, where % is what both have in common.
---@param from string
---@param to string
---@return kra.Moved[]
function M.sidecars(from, to)
  local found = {}
  for _, pair in ipairs(require('kra.config').get().live.sidecars) do
    local a, b = pair:match('^([^:]*%%[^:]*):([^:]*%%[^:]*)$')
    for _, way in ipairs(a and { { a, b }, { b, a } } or {}) do
      local head, tail = way[1]:match('^(.-)%%(.*)$')
      local pattern = '^' .. vim.pesc(head) .. '(.*)' .. vim.pesc(tail) .. '$'
      local stem, new_stem = vim.fs.basename(from):match(pattern), vim.fs.basename(to):match(pattern)
      if stem and new_stem then
        local other_head, other_tail = way[2]:match('^(.-)%%(.*)$')
        local function beside(path, name) return vim.fs.dirname(path) .. '/' .. other_head .. name .. other_tail end
        local side = { from = beside(from, stem), to = beside(to, new_stem) }
        if side.from ~= from and uv.fs_stat(side.from) and not uv.fs_stat(side.to) then table.insert(found, side) end
      end
    end
  end
  return found
end

-- All or nothing: what was moved goes back when one cannot be.
---@param moves kra.Moved[]
---@return string? error
local function carry_out(moves)
  for i, move in ipairs(moves) do
    vim.fn.mkdir(vim.fs.dirname(move.to), 'p')
    local ok, err = uv.fs_rename(move.from, move.to)
    -- Another editor that was told of it may have been quicker.
    if not ok and not (uv.fs_stat(move.to) and not uv.fs_stat(move.from)) then
      for k = i - 1, 1, -1 do uv.fs_rename(moves[k].to, moves[k].from) end
      return tostring(err)
    end
  end
  for _, move in ipairs(moves) do take_along(move.from, move.to) end
end

local function files(count) return ('%d file%s'):format(count, count == 1 and '' or 's') end

--- Another program gave a file another name, whether it is loaded here or not. Its side-cars follow, as one step that `:Kra! move` takes back.
---@param from string
---@param to string
---@param alone? boolean whoever did it moves side-cars himself
function M.renamed(from, to, alone)
  take_along(from, to)
  local sides = not alone and not uv.fs_stat(from) and uv.fs_stat(to) and M.sidecars(from, to) or {}
  if #sides == 0 then return end
  local notify = require('kra.notify')
  local err = carry_out(sides)
  if err then
    return notify.problem({ code = 'move', text = ('what goes with %s was not moved: %s'):format(to, err), cure = ':Kra move moves it' })
  end
  last = sides
  -- Short enough for one line with its end.
  notify.say(('%s went along with %s; :Kra! move takes it back'):format(files(#sides), vim.fs.basename(to)), 'warn')
end

--- Moves a file with all that belongs to it. One that is there already is never replaced.
---@param from string
---@param to string
---@return string? error
---@return integer files
function M.move(from, to)
  from, to = vim.fn.fnamemodify(from, ':p'), vim.fn.fnamemodify(to, ':p')
  if vim.fn.isdirectory(to) == 1 then to = to:gsub('/$', '') .. '/' .. vim.fs.basename(from) end
  if not uv.fs_stat(from) then return from .. ' is not there', 0 end
  if uv.fs_stat(to) then return to .. ' is there already', 0 end
  local moves = { { from = from, to = to } }
  vim.list_extend(moves, M.sidecars(from, to))
  local err = carry_out(moves)
  if not err then last = moves end
  return err, err and 0 or #moves
end

--- Everything that the last step moved goes back.
---@return string? error
---@return integer files
function M.undo()
  if not last then return 'nothing was moved', 0 end
  local back = {}
  for i = #last, 1, -1 do
    if uv.fs_stat(last[i].from) then return last[i].from .. ' is there again', 0 end
    table.insert(back, { from = last[i].to, to = last[i].from })
  end
  last = nil
  return carry_out(back), #back
end

--- :Kra move [OLD] NEW, and with ! the last one back.
---@param arguments string[]
---@param back boolean
function M.command(arguments, back)
  local say = require('kra.notify').say
  local err, count
  if back then err, count = M.undo()
  elseif #arguments == 1 then err, count = M.move(api.nvim_buf_get_name(0), arguments[1])
  elseif #arguments == 2 then err, count = M.move(arguments[1], arguments[2])
  else return say('usage: :Kra move [OLD] NEW, :Kra! move takes the last one back', 'error', true) end
  if err then return say('not moved: ' .. err, 'error', true) end
  say('moved ' .. files(count), 'info', true)
end

return M
