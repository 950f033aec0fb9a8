-- libkra.so by FFI, and the only file that says so. All of kra works without it; what it says about itself is checked first.
local M = {}

M.ABI = 1

local loaded ---@type any false when it could not be loaded
local why ---@type string?

local function candidates()
  local root = require('kra.daemon').root()
  -- `make install` puts the plugin into PREFIX/share/kra and the library into PREFIX/lib/kra.
  local installed = (vim.uv.fs_realpath(root) or root):gsub('/share/kra$', '/lib/kra')
  return { vim.env.KRA_LIB or '', root .. '/build/libkra.so', installed .. '/libkra.so' }
end

local function load()
  local ok, ffi = pcall(require, 'ffi')
  if not ok then return nil, 'this Neovim was built without LuaJIT' end
  local tried = {}
  for _, path in ipairs(candidates()) do
    if path:sub(1, 1) == '/' then
      table.insert(tried, path)
      local found, library = pcall(ffi.load, path)
      if found then
        pcall(ffi.cdef, 'int kra_abi(void); const char *kra_version(void);')
        local known, abi = pcall(function() return library.kra_abi() end)
        if not known then return nil, path .. ' is no kra library' end
        if abi ~= M.ABI then
          return nil, ('%s has ABI %d, this plugin wants %d: run `make` in %s'):format(path, abi, M.ABI, require('kra.daemon').root())
        end
        local named, version = pcall(function() return ffi.string(library.kra_version()) end)
        return { library = library, path = path, abi = abi, version = named and version or '?' }
      end
    end
  end
  return nil, 'not found: ' .. table.concat(tried, ', ')
end

--- The library, or nil and why not. It is looked for once.
---@return {library: any, path: string, abi: integer, version: string}?
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
