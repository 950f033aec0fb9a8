-- A Neovim with kra and nothing else, in directories of its own:  nvim -u repro.lua
-- Put what is needed to show a problem at the end, and send the file with the report and the output of `kra doctor`.
local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local scratch = vim.fn.tempname()
for _, name in ipairs({ 'config', 'data', 'state', 'cache' }) do
  vim.env['XDG_' .. name:upper() .. '_HOME'] = scratch .. '/' .. name
end
vim.env.KRA_STATE_DIR = scratch .. '/state/kra'
vim.env.KRA_CONFIG_DIR = scratch .. '/config/kra'
vim.env.KRA_RUNTIME_DIR = scratch .. '/run/kra'
vim.opt.runtimepath = { root, vim.env.VIMRUNTIME }
vim.opt.packpath = { vim.env.VIMRUNTIME }
