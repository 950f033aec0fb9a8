-- nvim_deaths [--sample|--full] [--seed N] [--only DEATH|typing]: what of typed text is left when things die.
--   deaths: an editor in a pane of tmux types, and dies in one of the ways of the table below at a random moment; what kra gives back is
--   compared with what stood in the buffer, byte for byte. A sample dies each death once with one of the Neovims, a full run a hundred
--   times with each, in several worlds at once (--part I/N is one of them).
--   typing: 20 keys a second without a pause, and SIGKILL of the editor at a random moment; keys older than drafts.max_wait_ms and
--   50 ms must come back.
-- One JSON line for each bar.
package.path = './?.lua;' .. package.path
local driver = require('tests.bench.support.driver')
local uv = vim.uv
local full, seed, only, bar = driver.full, driver.seed, driver.only, driver.bar
local worlds = require('tests.helpers.world')
local journal = require('tests.lua.helpers.journal')

local EACH, WORLDS = full and 100 or 1, full and 8 or 1
local TYPISTS, BATCHES, TYPED_MS = full and 50 or 4, full and 4 or 1, full and 60000 or 2500
local MAX_WAIT_MS, SLACK_MS, KEY_MS = 1000, 50, 50

-- One of the worlds of a full run.
local own_part
for i, argument in ipairs(_G.arg) do
  if argument == '--part' then own_part = vim.split(_G.arg[i + 1], '/') end
end

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
  { 'SIGKILL of the editor', signal({ 'server', 'sigkill' }) },
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

-- What kra lists and gives back, as a user would get it.
---@return table<string, string> texts by client
---@return integer damaged
local function kept(world)
  local listed = vim.json.decode(world:kra('drafts', 'list', '--json').stdout)
  local texts = {}
  for _, row in ipairs(listed.drafts) do
    local taken = vim.json.decode(world:kra('draft-take', row.id).stdout)
    texts[row.client] = taken.file and world:read(taken.file) or nil
  end
  return texts, #listed.damaged
end

local function clear(world)
  for _, pattern in ipairs({ '*.journal', '*.net', 'out/*' }) do
    for _, path in ipairs(vim.fn.glob(('%s/*/kra/drafts/%s'):format(world.dir, pattern), true, true)) do os.remove(path) end
  end
end

-- Bytes that are missing (a text that differs counts whole), and what could not be read.
local function die(world, death)
  local self = victim(world, math.random() < 0.7 and world.home .. '/file.txt' or nil)
  local id = self:lua("return require('kra.rpc').identity().id")
  local text = type_some(self)
  if math.random() < 0.5 then vim.wait(math.random(0, 400)) end
  death[2](self)
  if death.lives then
    vim.wait(5000, function()
      local ok, draft = pcall(journal.only, world)
      return ok and draft and draft.text == text
    end, 20)
  else
    vim.wait(5000, function() return gone(self.server) end, 5)
  end
  -- The daemon may be asked before it hears that the connection has ended.
  local texts, damaged
  vim.wait(2000, function()
    texts, damaged = kept(world)
    return texts[id] == text
  end, 50)
  self:close()
  clear(world)
  return texts[id] == text and 0 or math.max(1, #text), damaged, text, texts[id]
end

-- Each death as often as it is to be died, with each Neovim; in a sample the Neovims share the deaths.
local function all_cases()
  local out, all = {}, programs()
  for round = 1, EACH do
    for i, death in ipairs(deaths) do
      for number, program in ipairs(all) do
        local wanted = only and death[1] == only or not only and (full or (i + seed + round) % #all == number - 1)
        if wanted then table.insert(out, { death = death, program = program }) end
      end
    end
  end
  return out
end

---@param part integer
---@param parts integer
local function die_all(part, parts)
  local sum = { lost = 0, unreadable = 0, count = 0, worst = {} }
  local open = {}
  local ok, err = pcall(function()
    for i, case in ipairs(all_cases()) do
      if i % parts == part % parts then
        open[case.program] = open[case.program] or new_world(case.program)
        local bytes, bad, text, left = die(open[case.program], case.death)
        sum.lost, sum.unreadable, sum.count = sum.lost + bytes, sum.unreadable + bad, sum.count + 1
        if bytes > 0 or bad > 0 then
          table.insert(sum.worst, case.death[1])
          local form = '%s (%s): lost %d bytes\n  had  %q\n  kept %q\n'
          io.stderr:write(form:format(case.death[1], case.program, bytes, text:sub(-300), tostring(left):sub(-300)))
        end
      end
    end
  end)
  for _, world in pairs(open) do world:close() end
  if not ok then error(err, 0) end
  return sum
end

-- Several worlds at once: what dies waits for most of its time.
local function die_in_parts()
  local running, sum = {}, { lost = 0, unreadable = 0, count = 0, worst = {} }
  for part = 1, WORLDS do
    local argv = { vim.v.progpath, '-u', 'NONE', '-i', 'NONE', '-n', '--headless', '-l', 'tests/bench/nvim_deaths.lua' }
    vim.list_extend(argv, { '--full', '--part', part .. '/' .. WORLDS, '--seed', tostring(seed + part) })
    if only then vim.list_extend(argv, { '--only', only }) end
    table.insert(running, vim.system(argv, { text = true }))
  end
  for _, process in ipairs(running) do
    local result = process:wait()
    io.stderr:write(result.stderr)
    local found = assert(result.code == 0 and vim.json.decode(result.stdout), 'a part of the deaths ended with ' .. result.code)
    sum.lost, sum.unreadable, sum.count = sum.lost + found.lost, sum.unreadable + found.unreadable, sum.count + found.count
    vim.list_extend(sum.worst, found.worst)
  end
  return sum
end

local function all_deaths()
  local sum = full and die_in_parts() or die_all(1, 1)
  bar({ bar = 'random deaths: bytes of typed text lost', figure = sum.lost, limit = 0, unit = 'bytes', n = sum.count, pass = sum.lost == 0,
    judged = true, of = sum.worst })
  bar({ bar = 'random deaths: journals that cannot be read', figure = sum.unreadable, limit = 0, unit = 'journals', n = sum.count,
    pass = sum.unreadable == 0, judged = true })
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
      local texts = kept(world)
      for _, self in ipairs(typists) do
        local age = oldest_lost(self, texts[self.id] or '')
        worst, sum, count = math.max(worst, age), sum + age, count + 1
        self:close()
      end
      clear(world)
    end)
    world:close()
    if not ok then error(err, 0) end
  end
  bar({ bar = 'typing, then SIGKILL: age of the oldest key that is lost', figure = worst, limit = MAX_WAIT_MS + SLACK_MS, unit = 'ms', n = count,
    average = sum / count, pass = worst <= MAX_WAIT_MS + SLACK_MS, judged = full })
end

driver.run(function()
  if own_part then return io.write(vim.json.encode(die_all(tonumber(own_part[1]), tonumber(own_part[2]))), '\n') end
  if only ~= 'typing' then all_deaths() end
  if not only or only == 'typing' then typing() end
end)
