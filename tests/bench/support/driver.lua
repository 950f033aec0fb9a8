-- What the bench drivers written in Lua share: their words (--sample or --full, --seed N), one JSON line for each bar, a directory
-- of their own, and children of this Neovim. A driver is a file that ends in `driver.run(function() … end)`.
local uv = vim.uv
---@type {full: boolean, seed: integer, only?: string, repo: string}
local M = { full = true, seed = 1, repo = assert(uv.fs_realpath('.')) }

for i, argument in ipairs(_G.arg) do
  if argument == '--sample' then M.full = false end
  if argument == '--seed' then M.seed = tonumber(_G.arg[i + 1]) or 1 end
  if argument == '--only' then M.only = _G.arg[i + 1] end
end
math.randomseed(M.seed)

local directory

--- A new directory, which goes with the end of run().
---@return string
function M.directory()
  directory = directory or assert(uv.fs_realpath(assert(uv.fs_mkdtemp((os.getenv('TMPDIR') or '/tmp') .. '/kra-bench-XXXXXX'))))
  return directory
end

---@param list number[] is sorted
---@return number
function M.median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

function M.bar(fields)
  fields.seed = M.seed
  io.write(vim.json.encode(fields), '\n')
end

--- The environment of a Neovim that sees nothing of the caller's.
---@param more? table<string, string>
---@return table<string, string>
function M.environment(more)
  local dir = M.directory()
  return vim.tbl_extend('force', { HOME = dir, PATH = os.getenv('PATH'), TERM = 'xterm-256color', LANG = 'C.UTF-8', XDG_STATE_HOME = dir,
    XDG_CONFIG_HOME = dir, XDG_DATA_HOME = dir, XDG_RUNTIME_DIR = dir, NVIM_LOG_FILE = dir .. '/log' }, more or {})
end

--- A Neovim without a screen and with the plugin on its path.
---@param env table<string, string>
---@param commands? string[] for its start
function M.child(env, commands)
  local argv = { vim.v.progpath, '--embed', '--headless', '-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set rtp^=' .. M.repo }
  for _, command in ipairs(commands or {}) do vim.list_extend(argv, { '--cmd', command }) end
  local job = vim.fn.jobstart(argv, { rpc = true, clear_env = true, env = env, cwd = env.HOME })
  assert(job > 0)
  return {
    channel = job,
    lua = function(code, ...) return vim.rpcrequest(job, 'nvim_exec_lua', code, { ... }) end,
    stop = function()
      vim.fn.jobstop(job)
      vim.fn.jobwait({ job }, 5000)
    end,
  }
end

--- Runs the driver; what it could not measure is said, with exit status 2.
---@param work fun()
function M.run(work)
  local ok, err = pcall(work)
  if directory then vim.fn.delete(directory, 'rf') end
  if ok then return end
  io.stderr:write(tostring(err), '\n')
  os.exit(2)
end

return M
