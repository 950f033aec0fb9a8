-- libkra.so by FFI, and the only file that says so. All of kra works without it; what it says about itself is checked first. A Neovim with
-- plain Lua has no FFI: there a C module, kra_native, gives the same functions.
local M = {}

M.ABI = 1

---@class kra.Journal
---@field append fun(frames: string, sync: boolean): boolean, string? `journal` or `second`, or false and why

---@class kra.Native
---@field library any
---@field path string
---@field abi integer
---@field version string

local loaded ---@type kra.Native|false|nil false when it could not be loaded
local why ---@type string?
local described = false

local ERROR_BYTES, ELSEWHERE = 256, 4

local declarations = {
  'int kra_abi(void); const char *kra_version(void);',
  'uint64_t kra_hash64(const void *bytes, size_t size);',
  'uint32_t kra_crc32c(const void *bytes, size_t size, uint32_t before);',
  [[typedef struct kra_journal kra_journal;
    kra_journal *kra_journal_open(const char *path, const char *second, char *error, size_t error_size);
    int kra_journal_append(kra_journal *journal, const void *frames, size_t size, int sync, char *error, size_t error_size);
    void kra_journal_close(kra_journal *journal);]],
  [[typedef struct kra_net kra_net;
    kra_net *kra_net_open(const char *path, const char *second, const void *editor, size_t editor_size, char *error, size_t error_size);
    int kra_net_edit(kra_net *net, const void *buffer, size_t buffer_size, double after, int gap, uint32_t first, uint32_t last, uint32_t count,
      const void *text, size_t size);
    int kra_net_add(kra_net *net, uint8_t type, const void *payload, size_t size);
    void kra_net_empty(kra_net *net, int wipe);
    void kra_net_close(kra_net *net, int remove);]],
  [[int kra_hunks(const void *before, size_t before_size, const void *after, size_t after_size, uint32_t *changes, size_t capacity,
      size_t *count, char *error, size_t error_size);]],
  [[int kra_merge(const void *base, size_t base_size, const void *ours, size_t ours_size, const void *theirs, size_t theirs_size,
      uint32_t *parts, size_t capacity, size_t *count, char *error, size_t error_size);]],
}

local function candidates()
  local root = require('kra.daemon').root()
  -- `make install` puts the plugin into PREFIX/share/kra and the library into PREFIX/lib/kra; luarocks puts the two into lua/ and lib/ of the
  -- rock, or into share/lua/5.1 and lib/lua/5.1 of a tree.
  local real = vim.uv.fs_realpath(root) or root
  return { vim.env.KRA_LIB or '', root .. '/build/libkra.so', real:gsub('/share/kra$', '/lib/kra') .. '/libkra.so', real .. '/lib/libkra.so',
    real:gsub('/share/lua$', '/lib/lua') .. '/5.1/libkra.so' }
end

-- Each function by itself: a library of another release may lack some.
local function crc_of(library)
  if not pcall(function() return library.kra_crc32c end) then return nil end
  local tobit = require('bit').tobit
  return function(bytes, before) return tobit(library.kra_crc32c(bytes, #bytes, (before or 0) % 2 ^ 32)) end
end

local function hash_of(library)
  if not pcall(function() return library.kra_hash64 end) then return nil end
  return function(bytes) return require('bit').tohex(library.kra_hash64(bytes, #bytes), 16) end
end

local function journal_of(library, ffi)
  if not pcall(function() return library.kra_journal_open, library.kra_journal_append end) then return nil end
  return function(path, second)
    local message = ffi.new('char[?]', ERROR_BYTES)
    local journal = library.kra_journal_open(path, second, message, ERROR_BYTES)
    if journal == nil then return nil end
    journal = ffi.gc(journal, library.kra_journal_close)
    return {
      append = function(frames, sync)
        local status = library.kra_journal_append(journal, frames, #frames, sync and 1 or 0, message, ERROR_BYTES)
        if status == 0 then return true, 'journal' end
        if status == ELSEWHERE then return true, 'second' end
        return false, ffi.string(message)
      end,
    }
  end
end

local function net_of(library)
  if not pcall(function() return library.kra_net_open, library.kra_net_edit, library.kra_net_add, library.kra_net_empty end) then return nil end
  return function(places, editor)
    local net = library.kra_net_open(places[1], places[2], editor, #editor, nil, 0)
    if net == nil then return nil end
    local edit = library.kra_net_edit -- it is called for each key
    return {
      edit = function(rec, first, last, count, text)
        local id = rec.id
        return edit(net, id, #id, rec.seq, rec.gap and 1 or 0, first, last, count, text, #text) == 0
      end,
      add = function(kind, payload) return library.kra_net_add(net, kind, payload, #payload) == 0 end,
      empty = function(wipe) library.kra_net_empty(net, wipe and 1 or 0) end,
      close = function(remove) library.kra_net_close(net, remove and 1 or 0) end,
    }
  end
end

-- Numbers in rows of `width`: the first call finds out how many rows there are when they do not fit.
local function rows_of(ffi, width, call)
  local capacity = 64
  local count = ffi.new('size_t[1]')
  for _ = 1, 2 do
    local numbers = ffi.new('uint32_t[?]', capacity * width)
    if call(numbers, capacity, count) ~= 0 then return nil end
    local found = tonumber(count[0])
    if found <= capacity then
      local rows = {}
      for i = 0, found - 1 do
        local row = {}
        for k = 0, width - 1 do row[k + 1] = tonumber(numbers[i * width + k]) end
        rows[i + 1] = row
      end
      return rows
    end
    capacity = found
  end
end

local function hunks_of(library, ffi)
  if not pcall(function() return library.kra_hunks end) then return nil end
  return function(before, after)
    return rows_of(ffi, 4, function(numbers, capacity, count)
      return library.kra_hunks(before, #before, after, #after, numbers, capacity, count, nil, 0)
    end)
  end
end

local function merge_of(library, ffi)
  if not pcall(function() return library.kra_merge end) then return nil end
  return function(base, ours, theirs)
    return rows_of(ffi, 7, function(numbers, capacity, count)
      return library.kra_merge(base, #base, ours, #ours, theirs, #theirs, numbers, capacity, count, nil, 0)
    end)
  end
end

local function describe(ffi)
  if described then return end
  described = true
  for _, declaration in ipairs(declarations) do pcall(ffi.cdef, declaration) end
end

---@return kra.Native?
---@return string? why
local function check(ffi, path, library)
  local known, abi = pcall(function() return library.kra_abi() end)
  if not known then return nil, path .. ' is no kra library' end
  if abi ~= M.ABI then
    return nil, ('%s has ABI %d, this plugin wants %d: run `make` in %s'):format(path, abi, M.ABI, require('kra.daemon').root())
  end
  local named, version = pcall(function() return ffi.string(library.kra_version()) end)
  M.hash64, M.crc32c, M.journal = hash_of(library), crc_of(library), journal_of(library, ffi)
  M.hunks, M.merge, M.net = hunks_of(library, ffi), merge_of(library, ffi), net_of(library)
  return { library = library, path = path, abi = abi, version = named and version or '?' }
end

-- The C module for plain Lua 5.1.
local function load_module()
  local ok, module = pcall(require, 'kra_native')
  if not ok or type(module) ~= 'table' then return nil, 'this Neovim was built without LuaJIT, and there is no kra_native module' end
  local known, abi = pcall(module.abi)
  if not known or abi ~= M.ABI then return nil, ('kra_native has ABI %s, this plugin wants %d'):format(tostring(abi), M.ABI) end
  M.crc32c = module.crc32c and function(bytes, before) return require('bit').tobit(module.crc32c(bytes, (before or 0) % 2 ^ 32)) end
  M.journal = module.open and function(path, second)
    local journal = module.open(path, second)
    if not journal then return nil end
    return { append = function(frames, sync)
      local done, message = journal:append(frames, sync)
      if not done then return false, message end
      return true, done == 'elsewhere' and 'second' or 'journal'
    end }
  end
  return { library = module, path = 'kra_native', abi = abi, version = module.version() }
end

local function load()
  local ok, ffi = pcall(require, 'ffi')
  if not ok then return load_module() end
  local tried = {}
  for _, path in ipairs(candidates()) do
    if path:sub(1, 1) == '/' then
      table.insert(tried, path)
      local found, library = pcall(ffi.load, path)
      if found then
        describe(ffi)
        return check(ffi, path, library)
      end
    end
  end
  return nil, 'not found: ' .. table.concat(tried, ', ')
end

-- Rows of ranges, from 0 with exclusive ends: what differs (before, after), and what two sides made of a text (kind, base, ours, theirs).
M.hunks = nil ---@type (fun(before: string, after: string): integer[][]?)?
M.merge = nil ---@type (fun(base: string, ours: string, theirs: string): integer[][]?)?
M.hash64 = nil ---@type (fun(bytes: string): string)? 16 hexadecimal digits
M.crc32c = nil ---@type (fun(bytes: string, before?: integer): integer)?
M.journal = nil ---@type (fun(path: string, second: string?): kra.Journal?)?
M.net = nil ---@type (fun(places: string[], editor: string): kra.Net?)?

--- The library, or nil and why not. It is looked for once.
---@return kra.Native?
---@return string? why
function M.get()
  if loaded == nil then
    local library
    library, why = load()
    loaded = library or false
  end
  return loaded or nil, why
end

return M
