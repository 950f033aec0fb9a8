-- Where a file was changed that nobody had loaded: the first line that differs from the last commit. Only the stored bytes are asked for; no
-- filter, hook or diff program of the repository runs for it.
local M = {}

local MOST_MS = 500

local function lines_of(text)
  local lines = vim.split(text, '\n', { plain = true })
  if #lines > 1 and lines[#lines] == '' then table.remove(lines) end
  return lines
end

---@param path string
---@return string?
local function text_of(path)
  local now = require('kra.live.disk').read(path, require('kra.live.bytes').MOST_BYTES)
  return now and not now.bytes:find('\0', 1, true) and now.bytes or nil
end

---@param path string
---@param done fun(found: {line: integer, added: integer, removed: integer}?)
function M.find(path, done)
  local argv = { 'git', '-C', vim.fs.dirname(path), 'cat-file', 'blob', 'HEAD:./' .. vim.fs.basename(path) }
  local env = { GIT_NO_LAZY_FETCH = '1', GIT_OPTIONAL_LOCKS = '0', GIT_TERMINAL_PROMPT = '0' }
  local function compare(result)
    local after = result.code == 0 and text_of(path)
    if not after then return done(nil) end
    local added, removed = 0, 0
    local hunks = require('kra.hunks').between(lines_of(result.stdout), lines_of(after))
    for _, hunk in ipairs(hunks) do added, removed = added + #hunk[3], removed + hunk[2] - hunk[1] end
    done(hunks[1] and { line = hunks[1][1] + 1, added = added, removed = removed } or nil)
  end
  if not pcall(vim.system, argv, { env = env, timeout = MOST_MS }, vim.schedule_wrap(compare)) then done(nil) end
end

return M
