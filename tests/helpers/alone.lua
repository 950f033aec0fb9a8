--- An editor whose live part runs without a daemon. What it says is in its `_G.said`, the events of kra's in `_G.events` as {name, data}.
---
---   local editor = require('tests.helpers.alone').start(world, 'vim.o.hidden = true')
local M = {}

---@param world kra.test.World
---@param before? string Lua that it runs first, for options
---@return kra.test.Editor
function M.start(world, before)
  local editor = world:nvim({ args = { '-u', 'NONE', '-i', 'NONE', '-n' } })
  editor:command('runtime plugin/kra.lua')
  if before then editor:lua(before) end
  editor:lua([[
    _G.said, _G.events = {}, {}
    vim.notify = function(text) table.insert(_G.said, text) end
    vim.api.nvim_create_autocmd('User', { pattern = 'Kra*', callback = function(e) table.insert(_G.events, { e.match, e.data }) end })
    require('kra.rpc').connect = function(done) if done then done({ fault = 'unavailable', what = 'no daemon in this test' }) end end
    require('kra.live').start()
  ]])
  return editor
end

return M
