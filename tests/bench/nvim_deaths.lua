-- nvim_deaths [--sample|--full] [--seed N] [--only DEATH]: what of typed text is left when things die.
--   deaths: an editor in a pane of tmux types, and dies in one of the ways of the table below at a random moment; what its journal
--   holds is compared with what stood in the buffer, byte for byte. A sample dies each death once with one of the Neovims, a full run a
--   hundred times with each.
--   typing: 20 keys a second without a pause, and SIGKILL of the editor at a random moment; keys older than drafts.max_wait_ms and
--   50 ms must be in the journal.
-- A sample judges only that every journal can be read: now and then Neovim ends without any event when its screen goes away, and then the
-- text of the last 300 ms is what is lost.
-- One JSON line for each bar.
package.path = './?.lua;' .. package.path
local driver = require('tests.bench.support.driver')
local uv = vim.uv
local full, seed, only, bar = driver.full, driver.seed, driver.only, driver.bar
local worlds = require('tests.helpers.world')
local journal = require('tests.lua.helpers.journal')

local EACH = full and 100 or 1
local TYPISTS, BATCHES, TYPED_MS = full and 20 or 4, full and 10 or 1, full and 60000 or 2500
local MAX_WAIT_MS, SLACK_MS, KEY_MS = 1000, 50, 50

local function programs()
  local found = {}
  for _, name in ipairs({ 'nvim-0.10', 'nvim-0.12' }) do
    local path = uv.fs_realpath('.deps/' .. name .. '/bin/nvim')
    if path then table.insert(found, path) end
  end
  return #found > 0 and found or { vim.v.progpath }
end

local function new_world(program)
  vim.env.KRA_TEST_NVIM = program
  local world = worlds.new()
  world.env.KRA_BIN = world.repo .. '/build/kra'
  world:write('vimrc.lua', ([[
    vim.opt.rtp:prepend(%q)
    vim.o.swapfile = false
    vim.g.kra = { session = { suppress = {} } }
  ]]):format(world.repo))
  world:write('home/file.txt', ('a line of the file\n'):rep(50))
  return world
end

---@class kra.test.Victim
local Victim = {}
Victim.__index = Victim

local numbers = 0

-- An editor in a window of tmux, driven over a socket of its own.
local function victim(world, file)
  numbers = numbers + 1
  local socket = ('%s/run/victim-%d'):format(world.dir, numbers)
  if world:run({ world.tmux_program, '-S', world.socket, 'has-session' }).code ~= 0 then world:start_tmux() end
  local argv = { 'new-session', '-d', '-P', '-F', '#{pane_id} #{pane_pid}', '-x', '100', '-y', '30', '--', 'env', '-u', 'NVIM', world.nvim_program,
    '--listen', socket, '-u', world.dir .. '/vimrc.lua', '-i', 'NONE' }
  if file then table.insert(argv, file) end
  local pane, pid = world:tmux(unpack(argv)):match('^(%%%d+) (%d+)$')
  local self = setmetatable({ world = world, pane = pane, client = tonumber(pid) }, Victim)
  self.channel = world:wait(function()
    local ok, channel = pcall(vim.fn.sockconnect, 'pipe', socket, { rpc = true })
    return ok and channel > 0 and channel
  end, 'an editor that listens')
  world:wait(function()
    return self:lua("return package.loaded['kra.draft'] ~= nil and require('kra.draft').active()")
  end, 'an editor that keeps drafts')
  self.server = self:lua('return vim.uv.os_getpid()')
  return self
end

function Victim:lua(code, ...) return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... }) end

local function gone(pid)
  if uv.kill(pid, 0) ~= 0 then return true end
  local file = io.open(('/proc/%d/stat'):format(pid))
  local text = file and file:read('*a') or ''
  if file then file:close() end
  return text == '' or text:find('%) Z ') ~= nil
end

function Victim:close()
  pcall(vim.fn.chanclose, self.channel)
  for _, pid in ipairs({ self.server, self.client }) do pcall(uv.kill, pid, 'sigkill') end
end

-- --- deaths ------------------------------------------------------------------------------------------------------------

local function tmux(...)
  local words = { ... }
  return function(self)
    local argv = vim.tbl_map(function(word) return word == 'PANE' and self.pane or word end, words)
    self.world:run(vim.list_extend({ self.world.tmux_program, '-S', self.world.socket }, argv))
  end
end

local function signal(first, second)
  return function(self)
    for _, row in ipairs({ first, second }) do
      uv.kill(self[row[1]], row[2])
      if second and math.random() < 0.5 then vim.wait(math.random(0, 20)) end
    end
  end
end

-- `lives`: the editor goes on, and what it has is in the journal after the quiet time.
local deaths = {
  { 'SIGKILL of the daemon', function(self)
    self.world:wait(function() return self:lua("return require('kra.rpc').connected()") end, 'a connection')
    uv.kill(self:lua("return require('kra.rpc').peer().pid"), 'sigkill')
  end, lives = true },
  { 'SIGKILL of the terminal', function(self) uv.kill(tonumber(self.world:tmux('display-message', '-p', '#{pid}')), 'sigkill') end },
  { 'SIGKILL of the client', signal({ 'client', 'sigkill' }) },
  { 'kill-pane', tmux('kill-pane', '-t', 'PANE') },
  { 'kill-session', tmux('kill-session', '-t', 'PANE') },
  { 'kill-server', tmux('kill-server') },
  { 'SIGTERM to the server', signal({ 'server', 'sigterm' }) },
  { 'SIGHUP to the server', signal({ 'server', 'sighup' }) },
  { 'SIGTERM to the client', signal({ 'client', 'sigterm' }) },
  { 'SIGHUP to the client', signal({ 'client', 'sighup' }) },
  { 'SIGTERM to both', signal({ 'server', 'sigterm' }, { 'client', 'sigterm' }) },
  { 'SIGTERM to both, client first', signal({ 'client', 'sigterm' }, { 'server', 'sigterm' }) },
  { 'SIGHUP to both', signal({ 'server', 'sighup' }, { 'client', 'sighup' }) },
  { 'SIGHUP to both, client first', signal({ 'client', 'sighup' }, { 'server', 'sighup' }) },
}

local keys = { 'ohello<Esc>', 'ggdd', 'x', 'Gonew line<CR>and one<Esc>', 'u', 'ggVGJu', ':2,4m0<CR>', '5yyGp', 'i<CR><CR><Esc>',
  ':%s/line/LINE/<CR>', 'gg~~A more<Esc>' }

local function type_some(self)
  for _ = 1, math.random(1, 6) do
    self:lua("vim.api.nvim_feedkeys(vim.keycode(...), 'xt', false)", keys[math.random(#keys)])
    if math.random() < 0.5 then vim.wait(math.random(0, 350)) end
  end
  -- A buffer that is as its file is has nothing to lose.
  self:lua([[if not vim.bo.modified then vim.api.nvim_feedkeys(vim.keycode('oend<Esc>'), 'xt', false) end]])
  return self:lua([[return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')]])
end

local function kept(world)
  local ok, draft = pcall(journal.only, world)
  return ok and draft and draft.text, not ok and draft or nil
end

-- Bytes that are missing (a text that differs counts whole), and what could not be read.
local function die(world, death)
  local self = victim(world, math.random() < 0.7 and world.home .. '/file.txt' or nil)
  local text = type_some(self)
  if math.random() < 0.5 then vim.wait(math.random(0, 400)) end
  death[2](self)
  if death.lives then vim.wait(5000, function() return kept(world) == text end, 20)
  else vim.wait(5000, function() return gone(self.server) end, 5) end
  local left, unreadable = kept(world)
  self:close()
  for _, path in ipairs(vim.fn.glob(world.dir .. '/*/kra/drafts/*.journal', true, true)) do os.remove(path) end
  return left == text and 0 or math.max(1, #text), unreadable and 1 or 0, text, left
end

-- In a sample the Neovims share the deaths.
local function chosen(number, count)
  local out = {}
  for i, death in ipairs(deaths) do
    if only and death[1] == only or not only and (full or (i + seed) % count == number - 1) then table.insert(out, death) end
  end
  return out
end

local function all_deaths()
  local lost, unreadable, count, worst = 0, 0, 0, {}
  local all = programs()
  for number, program in ipairs(all) do
    local world = new_world(program)
    local ok, err = pcall(function()
      for _ = 1, EACH do
        for _, death in ipairs(chosen(number, #all)) do
          local bytes, bad, text, left = die(world, death)
          lost, unreadable, count = lost + bytes, unreadable + bad, count + 1
          if bytes > 0 or bad > 0 then
            table.insert(worst, death[1])
            local form = '%s (%s): lost %d bytes\n  had  %q\n  kept %q\n'
            io.stderr:write(form:format(death[1], program, bytes, text:sub(-300), tostring(left):sub(-300)))
          end
        end
      end
    end)
    world:close()
    if not ok then error(err, 0) end
  end
  bar({ bar = 'random deaths: bytes of typed text lost', figure = lost, limit = 0, unit = 'bytes', n = count, pass = lost == 0, judged = full,
    of = worst })
  bar({ bar = 'random deaths: journals that cannot be read', figure = unreadable, limit = 0, unit = 'journals', n = count, pass = unreadable == 0,
    judged = true })
end

-- --- typing ------------------------------------------------------------------------------------------------------------

-- Key n is `n%10`; the text in the journal must be a beginning of what was typed.
local function type_on(self, done)
  self.times = {}
  local begin = uv.hrtime()
  local stop_at = begin + math.random(math.floor(TYPED_MS * 0.4), TYPED_MS) * 1e6
  local timer = assert(uv.new_timer())
  timer:start(0, KEY_MS, vim.schedule_wrap(function()
    if self.killed then return end
    if uv.hrtime() >= stop_at then
      self.killed = uv.hrtime()
      uv.kill(self.server, 'sigkill')
      timer:close()
      return done()
    end
    local count = #self.times + 1
    self.times[count] = uv.hrtime()
    vim.rpcnotify(self.channel, 'nvim_input', count % 60 == 0 and '<CR>' or tostring(count % 10))
  end))
end

local function typed_text(count)
  local out = {}
  for i = 1, count do out[i] = i % 60 == 0 and '\n' or tostring(i % 10) end
  return table.concat(out)
end

-- The age of the oldest key that is not in the journal, in ms at the death.
local function oldest_lost(self, text)
  local all = typed_text(#self.times)
  assert(all:sub(1, #text) == text, 'the journal holds what was not typed')
  local first = self.times[#text + 1]
  return first and (self.killed - first) / 1e6 or 0
end

local function typing()
  local worst, sum, count = 0, 0, 0
  local all = programs()
  for batch = 1, BATCHES do
    local world = new_world(all[batch % #all + 1])
    local ok, err = pcall(function()
      local typists, left = {}, TYPISTS
      for i = 1, TYPISTS do
        typists[i] = victim(world)
        typists[i].id = typists[i]:lua("return require('kra.rpc').identity().id")
        vim.rpcnotify(typists[i].channel, 'nvim_input', 'i')
      end
      for _, self in ipairs(typists) do type_on(self, function() left = left - 1 end) end
      vim.wait(TYPED_MS + 10000, function() return left == 0 end, 20)
      for _, self in ipairs(typists) do
        local path = ('%s/state/kra/drafts/%s.journal'):format(world.dir, self.id)
        local _, draft = next(journal.replay(journal.records(journal.read(path))))
        local age = oldest_lost(self, draft and draft.text or '')
        worst, sum, count = math.max(worst, age), sum + age, count + 1
        self:close()
      end
    end)
    world:close()
    if not ok then error(err, 0) end
  end
  bar({ bar = 'typing, then SIGKILL: age of the oldest key that is lost', figure = worst, limit = MAX_WAIT_MS + SLACK_MS, unit = 'ms', n = count,
    average = sum / count, pass = worst <= MAX_WAIT_MS + SLACK_MS, judged = full })
end

driver.run(function()
  all_deaths()
  if not only then typing() end
end)
