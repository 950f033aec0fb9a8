-- The connection to the daemon: MessagePack-RPC over its socket, both ways. It is a pipe of our own instead of sockconnect(), since
-- rpcrequest() would wait without end for a daemon that hangs, and nothing here may hold up the editor.
--
--   closed ── connect() ──► opening ── hello answered ──► open
--     ▲                        │ nobody listens, or not long enough to answer: the daemon is started, STARTS times at most
--     └──── lost, or after back-off ◄────────────────────────┘
local M = {}
local uv = vim.uv

local PROTOCOL = { 1, 1 }
local START_PATIENCE_MS, STARTS, RETRIES, RESTORING_MS = 5000, 3, 4, 10
local SERVE = "return require('kra.rpc').serve(...)"

---@class kra.Call
---@field done fun(err: {fault: string, what: string}?, result: any)
---@field timer? uv.uv_timer_t

local pipe ---@type uv.uv_pipe_t?
local state = 'closed' ---@type 'closed'|'opening'|'open'
local calls = {} ---@type table<integer, kra.Call>
local next_id = 0
local waiting = {} ---@type (fun(err: table?))[] for the end of an opening
local identity ---@type {editor: string, id: string}?
local peer = {} ---@type table what the daemon said to hello
local failures = 0
local opened_at = 0 -- of uv.now()
local said_bye = false -- this daemon ended in order and owes nothing
local may_start, starts_left = false, 0 -- of the opening under way
local starts_failed, start_after = 0, 0 -- how often in a row, and when it is tried again (of uv.now())
local opened = {} ---@type table<string, fun()> called after each opening

local function fault(name, what) return { fault = name, what = what } end

local function uuid()
  return (uv.random(16):gsub('.', function(byte) return ('%02x'):format(byte:byte()) end))
end

--- The editor's id stays the same over restores; the connection's is new for each process.
---@return {editor: string, id: string}
function M.identity()
  if not identity then
    identity = { editor = uuid(), id = uuid() }
  end
  return identity
end

--- Another editor's state was taken over: from now on we are that editor.
function M.become(editor) M.identity().editor = editor end

local function answer(call, err, result)
  if call.timer then
    call.timer:stop()
    if not call.timer:is_closing() then call.timer:close() end
  end
  call.done(err, result)
end

-- Ends the connection, and what was asked over it.
local function drop(why)
  local old, asked = pipe, calls
  pipe, calls = nil, {}
  if old and not old:is_closing() then old:close() end
  for _, call in pairs(asked) do answer(call, fault('unavailable', why)) end
end

local function lose(why)
  state = 'closed'
  drop(why)
  local queue = waiting
  waiting = {}
  for _, callback in ipairs(queue) do callback(fault('unavailable', why)) end
end

local function lost(which)
  if which ~= pipe then return end
  -- hello is answered that nobody is there.
  if state == 'opening' then return drop('the daemon ended before it answered') end
  local orderly = said_bye
  lose('the daemon closed the connection')
  require('kra.statusline').set_connected(false)
  local config = require('kra.config').get()
  uv.update_time()
  -- One that dies again and again is not brought up for ever.
  if orderly or uv.now() - opened_at >= config.retry.max_ms then failures = 0 end
  M.retry(not orderly)
  -- What a daemon that died had not read yet is told anew.
  if not orderly then require('kra.events').untold() end
end

local function write(message)
  if pipe and not pipe:is_closing() then pipe:write(message) end
end

local function encode(message)
  -- nil in the middle would cut the list: a missing error or result is said.
  return vim.mpack.encode(message)
end

-- An incoming call is served on the main loop. While the editor waits for a key in the middle of a command it may not be asked, and
-- the state that was taken last is the right one.
local function serve_call(id, method, params)
  local function reply(err, result)
    if not id then return end
    if result == require('kra.serve').last() and result ~= nil then
      return write('\148\1' .. encode(id) .. '\192' .. require('kra.session.pack').account(result)) -- [1, id, nil, result]
    end
    write(encode({ 1, id, err == nil and vim.NIL or err, result == nil and vim.NIL or result }))
  end
  if method ~= 'nvim_exec_lua' or type(params) ~= 'table' or params[1] ~= SERVE or type(params[2]) ~= 'table' then
    return reply(fault('usage', 'an editor answers only ' .. SERVE))
  end
  local function act()
    -- The state of this editor is on its way: what is on the screen now is not it.
    if require('kra.start').restoring() then return vim.defer_fn(act, RESTORING_MS) end
    local ok, result = pcall(M.serve, params[2][1], params[2][2])
    if ok then reply(nil, result) else reply(fault('internal', tostring(result))) end
  end
  if params[2][1] == 'capture' and vim.api.nvim_get_mode().blocking then
    local last = require('kra.serve').last()
    if last then return reply(nil, last) end
  end
  vim.schedule(act)
end

local function take(message)
  if type(message) ~= 'table' then return end
  if message[1] == 1 then
    local call = calls[message[2]]
    if not call then return end
    calls[message[2]] = nil
    local err, result = message[3], message[4]
    if err == vim.NIL then err = nil end
    if result == vim.NIL then result = nil end
    if err ~= nil and type(err) ~= 'table' then err = fault('internal', tostring(err)) end
    vim.schedule(function() answer(call, err, result) end)
  elseif message[1] == 0 then
    serve_call(message[2], message[3], message[4])
  elseif message[2] == 'bye' then
    local bye = type(message[3]) == 'table' and message[3][1]
    said_bye = type(bye) == 'table' and (bye.reason ~= 'signal' or bye.pending == 0)
  elseif message[1] == 2 then
    serve_call(nil, message[2], message[3])
  end
end

local function reader(which)
  local function ended() lost(which) end
  local unpack_next = vim.mpack.Unpacker()
  return function(err, chunk)
    if err or not chunk then return vim.schedule(ended) end
    local at = 1
    while at <= #chunk do
      local ok, message, next_at = pcall(unpack_next, chunk, at)
      if not ok then return vim.schedule(ended) end
      at = next_at
      if message ~= nil then take(message) end
    end
  end
end

local function send_request(method, params, done, timeout_ms)
  next_id = next_id + 1
  local id = next_id
  local call = { done = done }
  calls[id] = call
  if timeout_ms then
    call.timer = assert(uv.new_timer())
    call.timer:start(timeout_ms, 0, vim.schedule_wrap(function()
      if calls[id] ~= call then return end
      calls[id] = nil
      answer(call, fault('timed_out', ('the daemon did not answer %s within %d ms'):format(method, timeout_ms)))
    end))
  end
  write(encode({ 0, id, method, { params } }))
end

local function greet(absent)
  local socket, pane = require('kra.daemon').tmux()
  local me = M.identity()
  send_request('hello', {
    client = 'nvim', id = me.id, editor = me.editor, pid = uv.os_getpid(), version = require('kra').version, proto = PROTOCOL,
    cwd = uv.cwd(), pane = pane or '', tmux = socket or '',
  }, function(err, result)
    if err then
      if err.fault == 'unavailable' and state == 'opening' then absent(err.what) else lose(err.what) end
      return
    end
    starts_failed, start_after = 0, 0
    state, peer = 'open', type(result) == 'table' and result or {}
    require('kra.config').shared(peer.settings)
    require('kra.statusline').set_connected(true)
    local queue = waiting
    waiting = {}
    for _, callback in ipairs(queue) do callback(nil) end
    for _, callback in pairs(opened) do callback() end
  end, START_PATIENCE_MS)
end

-- One that does not start is not started anew by each event: the pauses grow.
local function start_failed()
  uv.update_time()
  start_after = uv.now() + require('kra.retry').pause(starts_failed)
  starts_failed = starts_failed + 1
end

--- Somebody asked by hand: a start that has failed is tried again at once.
function M.try_now() start_after = 0 end

local open

local function unreachable(why)
  if starts_left == 0 then return lose(why) end
  starts_left = starts_left - 1
  uv.update_time()
  local pause = start_after - uv.now()
  if pause > 0 then return lose(('the daemon did not start; it is tried again in %d s'):format(math.ceil(pause / 1000))) end
  require('kra.daemon').start(function(code)
    if state ~= 'opening' then return end
    if code == 0 then return open() end
    start_failed()
    lose(code and ('kra daemon start: exit %d'):format(code) or 'there is no kra program; :checkhealth kra')
  end)
end

function open()
  local path = require('kra.daemon').socket()
  if not path then return unreachable('no daemon listens') end
  local new = assert(uv.new_pipe(false))
  new:connect(path, function(err)
    vim.schedule(function()
      if state ~= 'opening' then
        if not new:is_closing() then new:close() end
        return
      end
      if err then
        new:close()
        return unreachable('no daemon listens')
      end
      pipe, opened_at, said_bye = new, uv.now(), false
      pipe:read_start(reader(new))
      greet(unreachable)
    end)
  end)
end

--- Calls `done` after every connection that was made, the first one and those after a loss.
---@param name string one callback for each
---@param done fun()
function M.on_open(name, done) opened[name] = done end

--- Connects when that is not done yet. `done` gets nil, or why there is no connection.
---@param done? fun(err: table?)
---@param start? boolean start the daemon when nobody listens
function M.connect(done, start)
  done = done or function() end
  if state == 'open' then return done(nil) end
  table.insert(waiting, done)
  -- One that only looked becomes one that starts when something is to be sent meanwhile.
  if start and not may_start then may_start, starts_left = true, STARTS end
  if state == 'opening' then return end
  state, may_start, starts_left = 'opening', start == true, start and STARTS or 0
  open()
end

--- After a loss: a few tries further and further apart, then nothing until something is to be sent.
---@param start? boolean the daemon died: it is started anew
function M.retry(start)
  if state ~= 'closed' or failures >= RETRIES then return end
  local pause = require('kra.retry').pause(failures)
  failures = failures + 1
  vim.defer_fn(function()
    if state == 'closed' then M.connect(function(err) if err then M.retry(start) end end, start) end
  end, pause)
end

function M.connected() return state == 'open' end

--- What the daemon said about itself.
---@return table
function M.peer() return peer end

--- Asks the daemon, which is started when it has to be. `done` always gets called, once.
---@param method string
---@param params table
---@param done fun(err: {fault: string, what: string}?, result: any)
---@param timeout_ms? integer
function M.request(method, params, done, timeout_ms)
  M.connect(function(err)
    if err then return done(err) end
    send_request(method, params, done, timeout_ms)
  end, true)
end

--- Tells the daemon; what cannot be told is dropped. `done` says whether it was sent.
---@param method string
---@param params table
---@param done? fun(sent: boolean)
function M.notify(method, params, done)
  M.connect(function(err)
    if not err then write(encode({ 2, method, { params } })) end
    if done then done(err == nil) end
  end, true)
end

--- Asks and waits, at most `ms`: only for the end of the process and the first screen.
---@return any result
---@return {fault: string, what: string}? error
function M.call(method, params, ms)
  local finished, err, result = false, nil, nil
  M.request(method, params, function(e, r) finished, err, result = true, e, r end, ms)
  vim.wait(ms, function() return finished end, 1)
  if not finished then return nil, fault('timed_out', ('no answer to %s within %d ms'):format(method, ms)) end
  return result, err
end

function M.close() lose('closed') end

--- What the daemon may ask of this editor.
---@param method string
---@param params any
function M.serve(method, params) return require('kra.serve').answer(method, params) end

return M
