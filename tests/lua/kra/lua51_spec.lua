-- The C module for a Neovim with plain Lua 5.1, in a real lua5.1.
local script = [[
package.cpath = arg[1] .. '/?.so'
local kra = require 'kra_native'
assert(_G.kra_native == nil)
assert(kra.abi() == 1)
assert(kra.version():match '^%d+%.%d+%.%d+$')
assert(kra.crc32c '123456789' == 0xe3069283)
assert(kra.crc32c('56789', kra.crc32c '1234') == 0xe3069283)
assert(#kra.hash64 '' == 16)
local frame = kra.frame(4, '\146\1\128')
assert(#frame == 16 and frame:sub(1, 4) == '\245kd\n')
assert(not kra.frame(300, 'x'))
assert(kra.replace(arg[2] .. '/file', 'a\0b'))
local ok, why = kra.replace('relative', 'x')
assert(not ok and #why > 0)
local journal = assert(kra.open(arg[2] .. '/state/drafts/c.journal', arg[2] .. '/run/c.journal'))
assert(journal:append(frame) == true)
assert(journal:append(frame .. frame, true) == true)
local refused, reason = journal:append 'junk'
assert(refused == nil and reason:find 'frames')
assert(not pcall(journal.append, nil, frame))
assert(not pcall(journal.append, io.stdout, frame))
local file = assert(io.open(arg[2] .. '/state/drafts/c.journal', 'rb'))
assert(file:read '*a' == frame .. frame .. frame)
file:close()
os.remove(arg[2] .. '/state/drafts/c.journal')
os.remove(arg[2] .. '/state/drafts')
io.open(arg[2] .. '/state/drafts', 'w'):close()
local where = journal:append(frame)
assert(where == 'elsewhere')
journal:close()
journal:close()
assert(not journal:append(frame))
assert(not kra.open 'relative')
for _ = 1, 1000 do kra.open('/nowhere/x') end
collectgarbage()
print 'well'
]]

describe('the module for plain Lua 5.1', function()
  local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h:h:h')

  it('frames, checks and appends as libkra.so does', function()
    if vim.fn.executable('lua5.1') == 0 or not vim.uv.fs_stat(root .. '/build/kra_native.so') then
      return pending('lua5.1 and its headers are not here')
    end
    local scratch = vim.fn.tempname()
    vim.fn.mkdir(scratch, 'p', '0700')
    vim.fn.writefile(vim.split(script, '\n'), scratch .. '/script.lua')
    local ran = vim.system({ 'lua5.1', scratch .. '/script.lua', root .. '/build', scratch }, { text = true }):wait()
    assert.are.equal('', ran.stderr)
    assert.are.equal('well\n', ran.stdout)
    vim.fn.delete(scratch, 'rf')
  end)
end)
