-- Which buffers belong to a session: one predicate. What does not belong is counted with its reason, never kept in silence.
local M = {}
local api = vim.api

-- File trees, pickers, dashboards, git faces, help and messages: plugin windows that only their plugin can rebuild.
local excluded = {}
for name in ([[
  NvimTree neo-tree neo-tree-popup nerdtree CHADTree fern oil minifiles netrw dirvish carbon lir yazi triptych
  TelescopePrompt TelescopeResults fzf fzflua_backdrop snacks_picker_input snacks_picker_list snacks_picker_preview minipick ctrlp
  dashboard alpha starter ministarter startify snacks_dashboard
  fugitive fugitiveblame git gitcommit gitrebase gitsigns-blame NeogitStatus NeogitCommitMessage NeogitPopup NeogitLogView
  DiffviewFiles DiffviewFileHistory lazygit octo jjdescription hgcommit svn
  help man checkhealth qf loclist trouble Trouble Outline aerial vista tagbar undotree diff-panel
  notify noice snacks_notif snacks_notif_history fidget nui cmp_menu blink-cmp-menu WhichKey which_key prompt
  lazy mason packer lspinfo null-ls-info vim-plug toggleterm terminal snacks_terminal FTerm floaterm
  OverseerList OverseerForm neotest-summary neotest-output
  dap-repl dapui_scopes dapui_breakpoints dapui_stacks dapui_watches dapui_console dap-view
  spectre_panel grug-far Avante AvanteInput codecompanion copilot-chat query tsplayground httpResult dbui dbout
  mail crontab sudoers.tmp pass gopass bigfile-preview kra
]]):gmatch('%S+') do excluded[name] = true end
M.excluded_filetypes = excluded

-- Lua patterns on the full path: what another program handed to an editor and waits for.
local handed = {
  { 'git message', { '/COMMIT_EDITMSG$', '/MERGE_MSG$', '/TAG_EDITMSG$', '/SQUASH_MSG$', '/NOTES_EDITMSG$', '/EDIT_DESCRIPTION$',
    '/git%-rebase%-todo$', '/addp%-hunk%-edit%.diff$', '/PULLREQ_EDITMSG$', '/ISSUE_EDITMSG$', '/RELEASE_EDITMSG$' } },
  { 'message of another tool', { '%.jjdescription$', '/hg%-editor%-[^/]*$', '/svn%-commit[^/]*%.tmp$', '/bzr_log%.[^/]*$', '/cvs%w+$',
    '/kubectl%-edit%-[^/]*$', '/psql%.edit%.[^/]*$', '/ghi_[^/]*$', '/nbcommit[^/]*$' } },
  { 'crontab', { '/crontab%.%w%w%w%w%w%w+$', '/crontab%.%w%w%w%w%w%w+/crontab$' } },
  { 'sudoedit', { '^/var/tmp/[^/]+%.?X*%w%w%w%w%w%w%w%w$', '^/etc/sudoers%.tmp$' } },
  { 'command line of a shell', { '/bash%-fc[%.%-]%w+$', '^/tmp/zsh%w+$', '^/tmp/zsh%w+%.zsh$',
    '/tmp%.%w+%.fish$', '/fish%.%w+/command%-line%.fish$' } },
  { 'mail', { '/mutt%-[^/]+$', '/neomutt%-[^/]+$', '/aerc%-compose%-[^/]*$', '^/tmp/snd%.%d+[^/]*$', '^/tmp/pico%.%d+$', '/himalaya[^/]*/draft' } },
  { 'password store', { '^/dev/shm/pass%.', '/gopass%-edit[^/]*', '^/dev/shm/gopass', '/pass%.%w+/[^/]+%.txt$' } },
  { 'no file', { '^/dev/', '^/proc/', '^/run/user/%d+/[^/]*pipe' } },
}

local function reason_of(path)
  if vim.env.SUDO_COMMAND and path:find('^/var/tmp/') then return 'sudoedit' end
  for _, row in ipairs(handed) do
    for _, pattern in ipairs(row[2]) do
      if path:find(pattern) then return row[1] end
    end
  end
  return false
end

local reasons, known_reasons = {}, 0 -- by path: asked for at every tick

--- The reason why a path is another program's, or nil.
---@param path string
---@return string?
function M.handed(path)
  local reason = reasons[path]
  if reason == nil then
    if known_reasons > 5000 then reasons, known_reasons = {}, 0 end
    reason, known_reasons = reason_of(path), known_reasons + 1
    reasons[path] = reason
  end
  return reason or nil
end

local function has_text(buf)
  if vim.bo[buf].modified then return true end
  if not api.nvim_buf_is_loaded(buf) then return false end
  return api.nvim_buf_line_count(buf) > 1 or #(api.nvim_buf_get_lines(buf, 0, 1, false)[1] or '') > 0
end

local function is_excluded(filetype)
  return excluded[filetype] or vim.list_contains(require('kra.config').get().buffers.exclude_filetypes, filetype)
end

--- Does this buffer belong to a session? A window that shows it may stay although the buffer is not listed or is an empty one
--- without a name: `shown` asks for that.
---@param buf integer
---@param shown? boolean
---@return boolean belongs
---@return string? reason why not
function M.check(buf, shown)
  local at = { buf = buf }
  local buftype = api.nvim_get_option_value('buftype', at)
  if buftype == 'nofile' and vim.b[buf].kra_terminal then return true end
  if buftype ~= '' and buftype ~= 'terminal' then return false, 'buftype ' .. buftype end
  if buftype == '' and not shown and not api.nvim_get_option_value('buflisted', at) then return false, 'not listed' end
  local filetype = api.nvim_get_option_value('filetype', at)
  if is_excluded(filetype) then return false, 'filetype ' .. filetype end
  if buftype == 'terminal' then return true end
  local name = api.nvim_buf_get_name(buf)
  if name == '' then
    if shown or has_text(buf) then return true end
    return false, 'empty'
  end
  if name:find('^%a[%w+.-]+://') then return false, 'scheme ' .. name:match('^(%a[%w+.-]+)://') end
  if name:sub(1, 1) ~= '/' then return false, 'no file' end
  if name:sub(-1) == '/' then return false, 'directory' end
  local reason = M.handed(name)
  return reason == nil, reason
end

--- Buffers that do not belong, by reason, as `kra status` shows them.
---@return {reason: string, count: integer}[]
function M.excluded()
  local counts = {}
  for _, buf in ipairs(api.nvim_list_bufs()) do
    local belongs, reason = M.check(buf)
    if not belongs and reason ~= 'empty' then counts[reason] = (counts[reason] or 0) + 1 end
  end
  local rows = {}
  for reason, count in pairs(counts) do table.insert(rows, { reason = reason, count = count }) end
  table.sort(rows, function(a, b) return a.reason < b.reason end)
  return rows
end

-- One record for each buffer, kept until an event says that it may have changed: a capture with many buffers reads only these.
---@class kra.Record
---@field belongs boolean
---@field listed boolean
---@field path? string
---@field terminal? {cwd: string, argv: string[]}
---@field line? integer where it was left
---@field state? kra.State.Buffer as it stands in a state; the same table as long as nothing changes
local records = {} ---@type table<integer, kra.Record>
local watching = false

local function terminal_of(buf)
  local buftype = api.nvim_get_option_value('buftype', { buf = buf })
  if buftype == '' then return nil end
  local kept = vim.b[buf].kra_terminal
  if type(kept) == 'table' then return { cwd = kept.cwd, argv = kept.argv } end
  if buftype ~= 'terminal' then return nil end
  local ok, channel = pcall(api.nvim_get_chan_info, vim.bo[buf].channel)
  local argv = ok and channel.argv
  local cwd, _, command = api.nvim_buf_get_name(buf):match('^term://(.-)//(%d+):(.*)$')
  if not argv or #argv == 0 then argv = command and { vim.o.shell, vim.o.shellcmdflag, command } or { vim.o.shell } end
  return { cwd = vim.fn.fnamemodify(cwd or vim.fn.getcwd(), ':p'):gsub('(.)/$', '%1'), argv = argv }
end

---@param buf integer
---@return kra.Record
local function read(buf)
  local belongs = M.check(buf)
  local name = api.nvim_buf_get_name(buf)
  local terminal = terminal_of(buf)
  local path = not terminal and name ~= '' and name or nil
  return { belongs = belongs, listed = vim.bo[buf].buflisted, terminal = terminal, path = path,
    line = belongs and require('kra.session.later').line(buf) or nil }
end

--- Keeps the records fresh by events. Until this is called every record is read anew.
function M.watch()
  if watching then return end
  watching = true
  local group = api.nvim_create_augroup('kra_buffers', {})
  local function forget(event) records[event.buf] = nil end
  local events = { 'BufAdd', 'BufDelete', 'BufWipeout', 'BufUnload', 'BufFilePost', 'BufReadPost', 'BufNewFile', 'BufWritePost', 'BufHidden',
    'BufModifiedSet', 'FileType', 'TermOpen', 'TermClose' }
  api.nvim_create_autocmd(events, { group = group, desc = 'kra: read this buffer again', callback = forget })
  api.nvim_create_autocmd('OptionSet', { group = group, pattern = { 'buftype', 'buflisted', 'filetype' }, desc = 'kra: read this buffer again',
    callback = function() records[api.nvim_get_current_buf()] = nil end })
end

--- What was known may be wrong: after options were set without events.
function M.refresh() records = {} end

---@param buf integer
---@param fresh? boolean it is on the screen: events that were ignored must not hide a change
---@return kra.Record
function M.record(buf, fresh)
  local known = watching and records[buf] or nil
  if known and not fresh then return known end
  local record = read(buf)
  -- What is the same stays the same table: it is packed already.
  if known and known.path and known.path == record.path and known.listed == record.listed and known.line == record.line then
    known.belongs = record.belongs
    return known
  end
  records[buf] = record
  return record
end

return M
