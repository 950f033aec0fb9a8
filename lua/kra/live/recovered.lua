-- Unsaved text that comes back after a restart, while its file was changed: merged against the base that was kept, where nothing of one side stands
-- against the other. Else the user is asked, as without a base.
local M = {}
local bytes = require('kra.live.bytes')
local disk = require('kra.live.disk')
local hunks = require('kra.hunks')

---@class kra.Recovered
---@field base string[]
---@field hash string

--- What the text was typed into, when both sides can come together.
---@param taken kra.TakenDraft
---@param buf integer with the file as it is now
---@return kra.Recovered?
function M.base(taken, buf)
  local hash = taken.base and taken.base.hash
  if not require('kra.config').get().live.active or not hash or taken.base_only or not taken.file then return nil end
  local path = disk.real(taken.path)
  local kept, now = require('kra.live.base').get(path, hash), disk.read(path, bytes.MOST_BYTES)
  local base = kept and bytes.lines(kept, buf)
  local theirs = now and bytes.lines(now.bytes, buf)
  local ours = require('kra.draft.recover').lines(taken.file)
  if not base or not theirs or not ours then return nil end
  for _, part in ipairs(hunks.merge(base, ours, theirs)) do
    if part[1] == hunks.CONFLICT then return nil end
  end
  return { base = base, hash = hash }
end

--- The unsaved text is in the buffer: what others wrote comes to it.
---@param buf integer
---@param recovered kra.Recovered
function M.merge(buf, recovered)
  local live = require('kra.live')
  live.start()
  local image = live.register(buf, true)
  if not image then return end
  image.lines, image.raw, image.hash, image.identity, image.tick = recovered.base, nil, recovered.hash, nil, -1
  live.news(image)
end

return M
