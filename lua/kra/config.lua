-- The editor's settings: one table of options gives defaults, checks, help and completion. Precedence: the environment (KRA_AUTOSAVE_ACTIVE
-- and its like), setup() and vim.g.kra, the tmux server's @kra-* options, what the daemon read from config.yaml, the defaults here.
local M = {}

---@class kra.Option
---@field name string
---@field type 'boolean'|'integer'|'string'|'list'|'function'
---@field default any
---@field text string one line for people
---@field choices? string[]
---@field min? integer

---@type kra.Option[]
M.options = {
  { name = 'autosave.active', type = 'boolean', default = true, text = 'tell the daemon when the visible files change' },
  { name = 'autosave.editor_debounce_ms', type = 'integer', default = 500, min = 0, text = 'quiet time before a change is told' },
  { name = 'autosave.write_files', type = 'boolean', default = false, text = 'write modified files when it is quiet' },
  { name = 'autosave.write_filetypes', type = 'list', default = {}, text = 'only these file types; none: all' },
  { name = 'autosave.write_paths', type = 'list', default = {}, text = 'only files that match one of these globs; none: all' },
  { name = 'autosave.write_if', type = 'function', default = function() return true end, text = 'only where this function of the buffer is true' },
  { name = 'drafts.active', type = 'boolean', default = true, text = 'keep unsaved text' },
  { name = 'drafts.debounce_ms', type = 'integer', default = 300, min = 1, text = 'quiet time after typing before text is kept' },
  { name = 'drafts.max_wait_ms', type = 'integer', default = 1000, min = 1, text = 'longest time that typing may put that off' },
  { name = 'drafts.undo', type = 'boolean', default = true, text = 'keep the undo history with the text' },
  { name = 'drafts.max_buffer_bytes', type = 'integer', default = 104857600, min = 0, text = 'larger buffers are left out' },
  { name = 'session.per_directory', type = 'boolean', default = true, text = 'outside tmux: keep a session for each directory' },
  { name = 'session.per_branch', type = 'boolean', default = false, text = 'outside tmux: one for each git branch of it' },
  { name = 'session.auto_restore', type = 'boolean', default = false, text = 'outside tmux: bring it back at a start without files' },
  { name = 'session.run_terminals', type = 'boolean', default = false, text = 'start the commands of restored terminals again' },
  { name = 'session.allow', type = 'list', default = {}, text = 'directories (globs) that may have a session; none: all' },
  { name = 'session.suppress', type = 'list', default = { '~', '/', '/tmp' }, text = 'directories (globs) without a session' },
  { name = 'session.heartbeat_ms', type = 'integer', default = 30000, min = 1, text = 'how often an editor with unsaved text says that it lives' },
  { name = 'live.active', type = 'boolean', default = true, text = 'bring changes of files on disk into buffers' },
  { name = 'live.follow', type = 'string', default = 'off', text = 'show where others write', choices = { 'off', 'window', 'current' } },
  { name = 'live.follow_dwell_ms', type = 'integer', default = 1500, min = 0, text = 'how long follow stays at a change' },
  { name = 'live.highlight_ms', type = 'integer', default = 5000, min = 0, text = 'how long a change is highlighted' },
  { name = 'live.sidecars', type = 'list', default = {}, text = 'pairs of files that are renamed together (%.ts:%.test.ts)' },
  { name = 'performance.monitor', type = 'boolean', default = true, text = 'measure how long operations take' },
  { name = 'performance.target_ms', type = 'integer', default = 50, min = 1, text = 'time that an operation should take at most' },
  { name = 'performance.adapt', type = 'boolean', default = true, text = 'save less often while the target is missed' },
  { name = 'privacy.exclude', type = 'list', default = {}, text = 'globs of files whose text never leaves its buffer' },
  { name = 'buffers.exclude_filetypes', type = 'list', default = {}, text = 'more file types that belong to no session' },
  { name = 'retry.first_ms', type = 'integer', default = 1000, min = 1, text = 'first pause before connecting again' },
  { name = 'retry.max_ms', type = 'integer', default = 60000, min = 1, text = 'longest such pause' },
  { name = 'notify.level', type = 'string', default = 'warn', text = 'least level of a message',
    choices = { 'debug', 'info', 'warn', 'error', 'off' } },
}

local by_name = {} ---@type table<string, kra.Option>
for _, option in ipairs(M.options) do by_name[option.name] = option end

-- Sections and options of config.yaml that only the daemon reads: no editor can say otherwise.
local daemons = {
  'restore', 'history', 'sync', 'blocks', 'autosave.timeout_ms', 'autosave.max_wait_ms', 'session.abandoned_after_ms', 'drafts.max_age',
  'live.delete_delay_ms', 'live.throttle_ms', 'notify.tmux', 'notify.command',
}
local environment ---@type table<string, any>? from $KRA_SECTION_NAME, by option name
local server ---@type table<string, any>? from the tmux server's options, which kra.tmux puts into $KRA_SERVER_SECTION_NAME
local given = {} ---@type table<string, any> from setup()
local shared = {} ---@type table<string, any> from the daemon
local unknown = {} ---@type string[]
local current ---@type kra.Config?

local function is_list(value)
  if type(value) ~= 'table' then return false end
  for key, entry in pairs(value) do
    if type(key) ~= 'number' or type(entry) ~= 'string' then return false end
  end
  return true
end

--- What is wrong with a value, or nil.
---@param option kra.Option
---@return string?
local function wrong(option, value)
  if option.type == 'list' then return not is_list(value) and 'wants a list of texts' or nil end
  if option.type == 'integer' then
    if type(value) ~= 'number' or value ~= math.floor(value) then return 'wants a whole number' end
    if option.min and value < option.min then return ('wants %d or more'):format(option.min) end
    return nil
  end
  if type(value) ~= option.type then return ('wants a %s'):format(option.type == 'string' and 'text' or option.type) end
  if option.choices and not vim.list_contains(option.choices, value) then return 'wants one of ' .. table.concat(option.choices, ', ') end
end

-- Walks nested tables down to option names; gives the values and what is not known or not right.
local function read(tree, path, values, faults)
  for key, value in pairs(tree) do
    local name = path == '' and tostring(key) or path .. '.' .. tostring(key)
    local option = by_name[name]
    local section = false
    for known in pairs(by_name) do section = section or vim.startswith(known, name .. '.') end
    if option then
      local fault = wrong(option, value)
      if fault then table.insert(faults, name .. ' ' .. fault) else values[name] = value end
    elseif section and type(value) == 'table' then
      read(value, name, values, faults)
    else
      local elsewhere = vim.list_contains(daemons, name) and ' is for config.yaml, not for one editor'
      table.insert(faults, name .. (section and ' wants a table' or elsewhere or ' is not an option'))
    end
  end
end

local flags = { ['true'] = true, yes = true, on = true, ['1'] = true, ['false'] = false, no = false, off = false, ['0'] = false }

-- A text as the helper reads it too; what is no value stays a text, which is wrong then.
---@param option kra.Option
---@param text string
local function parsed(option, text)
  if option.type == 'boolean' and flags[text:lower()] ~= nil then return flags[text:lower()] end
  if option.type == 'integer' then return tonumber(text) or text end
  if option.type == 'list' then return vim.tbl_map(vim.trim, vim.split(text, ',', { trimempty = true })) end
  return text
end

local function from_environment(prefix, faults)
  local values = {}
  for _, option in ipairs(M.options) do
    local name = prefix .. option.name:gsub('%.', '_'):upper()
    local text = vim.env[name]
    if text and text ~= '' then
      local value = parsed(option, text)
      local fault = wrong(option, value)
      if not fault then values[option.name] = value elseif faults then table.insert(faults, ('$%s: %s %s'):format(name, option.name, fault)) end
    end
  end
  return values
end

--- The value in force, and where it comes from.
---@param option kra.Option
---@return any value
---@return string source
local function in_force(option)
  environment = environment or from_environment('KRA_', unknown)
  server = server or from_environment('KRA_SERVER_')
  local sources = { { environment, 'environment' }, { given, 'setup' }, { server, '@kra-*' }, { shared, 'config.yaml' } }
  for _, source in ipairs(sources) do
    if source[1][option.name] ~= nil then return source[1][option.name], source[2] end
  end
  return option.default, 'default'
end

local function build()
  local config = {}
  for _, option in ipairs(M.options) do
    local section, key = option.name:match('^(%w+)%.([%w_]+)$')
    local value = in_force(option)
    config[section] = config[section] or {}
    config[section][key] = type(value) == 'table' and vim.deepcopy(value) or value
  end
  return config
end

-- Settings act at once: most are looked at where they are used, and these have something that runs by them. What is not loaded yet reads them
-- when it is.
local function changed()
  for _, name in ipairs({ 'kra.draft', 'kra.draft.alive', 'kra.live', 'kra.follow' }) do
    local part = package.loaded[name]
    if part then part.apply() end
  end
  if package.loaded['kra.draft'] then require('kra.write').apply() end
end

--- Merges; says what it does not know, with its path. What is right is taken all the same.
---@param opts? kra.SetupOpts|fun(): kra.SetupOpts
function M.apply(opts)
  if type(opts) == 'function' then
    local ok, value = pcall(opts)
    opts = ok and value or nil
    if not ok then table.insert(unknown, 'vim.g.kra: ' .. tostring(value)) end
  end
  local faults = {}
  if opts ~= nil and type(opts) ~= 'table' then faults = { 'the options are no table' } else read(opts or {}, '', given, faults) end
  table.sort(faults)
  vim.list_extend(unknown, faults)
  current = build()
  changed()
  if #faults > 0 then require('kra.notify').say('settings: ' .. table.concat(faults, '; '), 'warn', true) end
end

--- What the daemon read from config.yaml; never above setup(). What does not fit is left out: the daemon has said it.
function M.shared(settings)
  shared = {}
  if type(settings) == 'table' then
    local faults = {}
    read(settings, '', shared, faults)
  end
  current = build()
  changed()
end

---@return kra.Config
function M.get()
  if not current then
    current = build()
    if vim.g.kra ~= nil then M.apply(vim.g.kra) end
  end
  return current
end

--- Where a value comes from: environment, setup(), @kra-*, config.yaml or default.
---@return {name: string, value: any, source: string, text: string}[]
function M.show()
  local config, rows = M.get(), {}
  for _, option in ipairs(M.options) do
    local section, key = option.name:match('^(%w+)%.([%w_]+)$')
    local _, source = in_force(option)
    table.insert(rows, { name = option.name, value = config[section][key], source = source, text = option.text })
  end
  return rows
end

--- An option by its name and a text, as :Kra config has them; says what is wrong with them.
---@param name string
---@param text string
function M.set(name, text)
  local value = text
  if by_name[name] then value = parsed(by_name[name], text) end
  local section, key = name:match('^(%w+)%.([%w_]+)$')
  M.apply(section and { [section] = { [key] = value } } or { [name] = value })
end

--- Every complaint so far, for :checkhealth.
---@return string[]
function M.faults()
  M.get()
  return vim.deepcopy(unknown)
end

return M
