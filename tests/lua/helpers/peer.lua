--- A stand-in for the daemon: it listens where the daemon would, answers by a table of functions and remembers what it was told.
---
---   local peer = require('tests.lua.helpers.peer').new(world)
---   peer.answers.session_get = function(params) return { state = ... } end
---   peer:call('capture', {})          --> what the editor that said hello last answers
local uv = vim.uv

---@class kra.test.Peer
---@field seen {method: string, params: table}[]
---@field answers table<string, fun(params: table): any>
local Peer = {}
Peer.__index = Peer

local M = {}

local function pack(message) return vim.mpack.encode(message) end

local function received(self, pipe, message)
  if message[1] == 1 then
    self.results[message[2]] = { err = message[3], result = message[4] }
    return
  end
  local request = message[1] == 0
  local id, method, params = request and message[2], request and message[3] or message[2], (request and message[4] or message[3])[1]
  table.insert(self.seen, { method = method, params = params })
  if method == 'hello' then self.client = pipe end
  if not request then return end
  local answer = self.answers[method]
  local ok, result = pcall(answer or function() error({ fault = 'usage', what = 'no method ' .. method }) end, params)
  if ok and result == M.SILENT then return end
  if ok then pipe:write(pack({ 1, id, vim.NIL, result == nil and vim.NIL or result }))
  else pipe:write(pack({ 1, id, type(result) == 'table' and result or { fault = 'internal', what = tostring(result) }, vim.NIL })) end
end

M.SILENT = {}

function M.new(world)
  local self = setmetatable({ world = world, seen = {}, results = {}, pipes = {}, next_id = 0 }, Peer)
  self.answers = {
    hello = function() return { proto = 1, version = require('kra').version, pid = 1, abi = 1, settings = vim.empty_dict() } end,
    session_get = function() return { state = vim.NIL } end,
    session_put = function() return { changed = true } end,
    status = function() return { daemon = { running = true, pid = 1 }, workspace = { name = 'work', generation = 3 } } end,
  }
  self.path = world.dir .. '/run/kra/kra.sock'
  vim.fn.mkdir(vim.fs.dirname(self.path), 'p', tonumber('700', 8))
  self:listen()
  return self
end

function Peer:listen()
  self.server = assert(uv.new_pipe(false))
  assert(self.server:bind(self.path))
  self.server:listen(16, function()
    local pipe = assert(uv.new_pipe(false))
    self.server:accept(pipe)
    table.insert(self.pipes, pipe)
    local unpack_next = vim.mpack.Unpacker()
    pipe:read_start(function(err, chunk)
      if err or not chunk then
        if not pipe:is_closing() then pipe:close() end
        return
      end
      local at = 1
      while at <= #chunk do
        local message
        message, at = unpack_next(chunk, at)
        if message ~= nil then received(self, pipe, message) end
      end
    end)
  end)
end

--- What was told with this method, oldest first.
function Peer:told(method)
  return vim.tbl_map(function(entry) return entry.params end, vim.tbl_filter(function(entry) return entry.method == method end, self.seen))
end

--- Asks the editor that said hello last, as the daemon does.
function Peer:call(method, params)
  self.next_id = self.next_id + 1
  local id = self.next_id
  self.client:write(pack({ 0, id, 'nvim_exec_lua', { "return require('kra.rpc').serve(...)", { method, params } } }))
  local answer = self.world:wait(function() return self.results[id] end, 'an answer to ' .. method)
  if answer.err ~= vim.NIL then error(vim.inspect(answer.err), 2) end
  return answer.result
end

function Peer:write(message) self.client:write(pack(message)) end

--- Every connection ends, as when the daemon is killed; the socket stays as a file that nobody serves.
function Peer:die()
  for _, pipe in ipairs(self.pipes) do
    if not pipe:is_closing() then pipe:close() end
  end
  self.pipes = {}
  if not self.server:is_closing() then self.server:close() end
end

function Peer:close()
  self:die()
  os.remove(self.path)
end

return M
