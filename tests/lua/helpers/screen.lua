--- A Neovim on a terminal of its own, as a person has it: with a user interface, so that all of its start happens.
local M = {}

---@class kra.test.Screen
---@field job integer the terminal
---@field channel integer its API
local Screen = {}
Screen.__index = Screen

--- `argv` follows `nvim`; the plugin is on the runtimepath.
---@param world kra.test.World
--- `waits = false` comes back although the session that is to be restored is not there.
--- `answer`: the key that its one question about a swap file gets; a second question would be waited for in vain.
---@param opts? {args?: string[], cwd?: string, env?: table<string,string>, vimrc?: string, keep_swap?: boolean, waits?: boolean, answer?: string}
function M.new(world, opts)
  opts = opts or {}
  world.screens = (world.screens or 0) + 1
  local socket = ('%s/run/nvim-%d'):format(world.dir, world.screens)
  local lines = "vim.opt.rtp:prepend(%q)\nvim.o.swapfile = %s\nvim.o.directory = %q\n%s\n"
  local vimrc = world:write(('vimrc-%d.lua'):format(world.screens),
    lines:format(world.repo, opts.keep_swap and 'true' or 'false', world.dir .. '/tmp//', opts.vimrc or ''))
  local argv = { 'env', '-u', 'NVIM', world.nvim_program, '--listen', socket, '-u', vimrc, '-i', 'NONE' }
  vim.list_extend(argv, opts.args or {})
  -- Since 0.12 Neovim waits a while for a terminal that does not say how it is; it takes no request in that time.
  local asked = vim.fn.has('nvim-0.12') == 0
  local shown = ''
  local self = setmetatable({ world = world, socket = socket }, Screen)
  local function answer(job, output)
    shown = shown .. table.concat(output)
    local _, times = table.concat(output):gsub('\27%[5n', '')
    for _ = 1, times do vim.fn.chansend(job, '\27[0n') end
    asked = asked or times > 0
  end
  local job = vim.fn.jobstart(argv, { pty = true, on_stdout = answer, width = 120, height = 40, cwd = opts.cwd or world.home, clear_env = true,
    env = vim.tbl_extend('force', world.env, opts.env or {}) })
  assert(job > 0)
  table.insert(world.jobs_, job)
  self.job = job
  self.channel = world:wait(function()
    local ok, channel = pcall(vim.fn.sockconnect, 'pipe', socket, { rpc = true })
    return ok and channel > 0 and channel
  end, 'a Neovim that listens')
  if opts.answer then
    -- Once, however often the screen is drawn: a second key would be typed into the text.
    world:wait(function() return shown:find('%(A%)bort') end, 'the question about a swap file', nil, function() return shown end)
    vim.fn.chansend(job, opts.answer)
  end
  vim.wait(2000, function() return asked end, 5)
  vim.wait(20)
  world:wait(function()
    return self:lua([[
      local start = package.loaded['kra.start']
      return vim.v.vim_did_enter == 1 and not vim.env.KRA_EDITOR and not (start and start.restoring() and ...)
    ]], opts.waits ~= false)
  end, 'the end of the start')
  self.pid = self:lua('return vim.uv.os_getpid()')
  return self
end

-- An editor that asks its user something would not answer for ever.
local function ready(self)
  self.world:wait(function() return not vim.rpcrequest(self.channel, 'nvim_get_mode').blocking end, 'an editor that asks nothing', 5000,
    function() return vim.rpcrequest(self.channel, 'nvim_get_mode').mode end)
end

function Screen:lua(code, ...)
  ready(self)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

function Screen:command(text)
  ready(self)
  return vim.rpcrequest(self.channel, 'nvim_command', text)
end
function Screen:wait(code, what) return self.world:wait(function() return self:lua(code) end, what) end

--- Leaves as a person would.
function Screen:quit()
  pcall(vim.rpcnotify, self.channel, 'nvim_command', 'qall!')
  assert(vim.fn.jobwait({ self.job }, 5000)[1] ~= -1, 'Neovim did not quit')
end

--- The process that edits is killed; its terminal face ends by itself.
function Screen:kill()
  vim.uv.kill(self.pid, 'sigkill')
  vim.fn.jobwait({ self.job }, 5000)
end

return M
