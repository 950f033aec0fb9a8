-- Declares what kra offers in Neovim. Nothing of lua/kra is loaded before it is used.
if vim.g.loaded_kra then return end
vim.g.loaded_kra = 1
local api = vim.api

local function command(name, subcommand, desc)
  api.nvim_create_user_command(name, function(call) require('kra.command').run(call, subcommand) end, {
    nargs = '*',
    bang = true,
    desc = desc,
    complete = function(_, line, column) return require('kra.command').complete(line, column, subcommand) end,
  })
end
command('Kra', nil, 'kra: run a subcommand')
command('KraSave', 'save', 'kra: save everything now (!: write modified files too)')
command('KraPin', 'pin', 'kra: keep this window on its file (!: the whole editor)')

vim.keymap.set('n', '<Plug>(kra-save)', function() require('kra').save() end, { desc = 'kra: save everything now' })
local function plug(name, module, method, argument, desc)
  vim.keymap.set('n', '<Plug>(kra-' .. name .. ')', function() require(module)[method](argument) end, { desc = 'kra: ' .. desc })
end
plug('pin', 'kra.pin', 'toggle', nil, 'keep this window on its file')
plug('follow', 'kra.follow', 'command', {}, 'this window shows where others write')
plug('next-change', 'kra.changes', 'go', 1, 'to the next change from outside')
plug('prev-change', 'kra.changes', 'go', -1, 'to the change from outside before')
plug('accept', 'kra.changes', 'accept', nil, 'the change from outside is right')
plug('reject', 'kra.changes', 'reject', nil, 'take the change from outside back')

local group = api.nvim_create_augroup('kra', {})
-- Nested: restored files get their file types and their swap files their answer.
local function on(event, desc, callback)
  api.nvim_create_autocmd(event, { group = group, once = true, nested = true, desc = desc, callback = callback })
end

-- Files of the command line may have swap files of the editor that is to come back here.
if vim.env.KRA_EDITOR then require('kra.start').prepare() end
on('StdinReadPre', 'kra: text from a pipe is no session', function() vim.g.kra_stdin = 1 end)
on('VimEnter', 'kra: bring back the saved session', function()
  if vim.env.KRA_EDITOR or vim.env.KRA_GENERATION then require('kra.start').restore() end
end)
on('UIEnter', 'kra: connect soon', function()
  vim.defer_fn(function() require('kra.start').begin() end, 50)
end)
