-- Run by lazy.nvim where the user's spec says nothing about a build.
local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local result = vim.system({ 'make', '-C', root, 'WERROR=' }, { text = true }):wait()
if result.code ~= 0 then error('kra: make failed; ' .. root .. '/setup installs what it needs\n' .. result.stderr, 0) end
