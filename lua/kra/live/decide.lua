-- What the user says about a conflict: :Kra mine, theirs, both, diff.
local M = {}
local api = vim.api

local function say(text) require('kra.notify').say(text, 'info', true) end
local function plural(count) return ('%d conflict%s left'):format(count, count == 1 and '' or 's') end

-- The file as a whole: it was too large, or no text.
local function decide_file(image, choice)
  if choice == 'theirs' then
    if require('kra.live.absorb').reload(image) then say('loaded from the disk') end
    return
  end
  if choice == 'both' then return say('only mine or theirs: ' .. image.behind) end
  image.hash, image.identity, image.behind = image.seen or '', require('kra.live.disk').identity(image.path), nil
  say('yours stays; :w writes it')
end

--- Decides the conflict under the cursor, or the next one, or with `all` those of the whole buffer.
---@param choice 'mine'|'theirs'|'both'
---@param all? boolean
function M.choose(choice, all)
  local buf = api.nvim_get_current_buf()
  local image, conflict = require('kra.live.image').get(buf), require('kra.live.conflict')
  if conflict.count(buf) == 0 then
    if image and image.behind then return decide_file(image, choice) end
    return say('no conflict in this buffer')
  end
  if image then image.busy = true end
  repeat
    local ok, err = pcall(conflict.decide, buf, api.nvim_win_get_cursor(0)[1] - 1, choice)
    if not ok then say(tostring(err)) break end
  until not all or conflict.count(buf) == 0
  if image then image.busy = false end
  local left = conflict.count(buf)
  say(left > 0 and plural(left) or 'no conflict left; :w writes')
end

--- The buffer beside the file on disk, in a tab of its own.
function M.diff()
  local buf, name = api.nvim_get_current_buf(), api.nvim_buf_get_name(0)
  local now, why = require('kra.live.disk').read(require('kra.live.disk').real(name), require('kra.live.bytes').MOST_BYTES)
  if not now then return say(('%s cannot be compared: %s'):format(name, why)) end
  local lines, eol = require('kra.live.bytes').lines(now.bytes, buf)
  if not lines then return say(('%s cannot be compared: %s'):format(name, eol)) end
  local filetype = vim.bo[buf].filetype
  vim.cmd('tab split')
  vim.cmd('diffthis')
  vim.cmd('rightbelow vertical new')
  local there = api.nvim_get_current_buf()
  vim.bo[there].buftype, vim.bo[there].bufhidden, vim.bo[there].swapfile = 'nofile', 'wipe', false
  api.nvim_buf_set_lines(there, 0, -1, false, lines)
  vim.bo[there].modifiable, vim.bo[there].filetype = false, filetype
  pcall(api.nvim_buf_set_name, there, 'kra://disk/' .. name)
  vim.cmd('diffthis')
  vim.cmd('wincmd p')
end

--- :Kra live [on|off]
---@param word? string
function M.switch(word)
  local live = require('kra.live')
  if word == 'on' or word == 'off' then live.pause(word == 'off')
  elseif word then return require('kra.notify').say('on or off, not ' .. word, 'error', true) end
  local status = live.status()
  local text = status.active and ('on: %d files'):format(status.files) or 'off'
  if status.conflicts > 0 then text = text .. ', ' .. plural(status.conflicts) end
  if status.behind > 0 then text = ('%s, %d not as on disk'):format(text, status.behind) end
  say('live sync is ' .. text)
end

return M
