-- The bytes of a file as the lines of its buffer, under the buffer's encoding and format, and back. What cannot be told for sure is not
-- told: such a buffer is left to Neovim's own reload.
local M = {}
local api = vim.api

local BOM = '\239\187\191'
local MOST_BYTES, MOST_LINES, LOOKED_AT = 4 * 1024 * 1024, 50000, 8192
M.MOST_BYTES = MOST_BYTES

local converted = { ['utf-8'] = false, [''] = false, latin1 = true }

local function option(buf, name) return api.nvim_get_option_value(name, { buf = buf }) end

--- Why this buffer is not one that is followed line by line, or nil.
---@param buf integer
---@return string?
function M.odd(buf)
  local encoding = option(buf, 'fileencoding')
  if converted[encoding] == nil then return 'the encoding ' .. encoding end
  if vim.o.encoding ~= 'utf-8' then return 'the encoding ' .. vim.o.encoding end
  if option(buf, 'fileformat') == 'mac' then return 'the file format mac' end
  if option(buf, 'endoffile') then return 'a CTRL-Z at its end' end
end

local function split(bytes)
  local lines, at, count = {}, 1, 0
  while true do
    local stop = bytes:find('\n', at, true)
    if not stop then break end
    count = count + 1
    lines[count] = bytes:sub(at, stop - 1)
    at = stop + 1
  end
  local ended = at > #bytes
  if not ended then lines[count + 1] = bytes:sub(at) end
  if #lines == 0 then lines[1] = '' end
  return lines, ended
end

local function without_returns(lines, ended)
  for i = 1, #lines do
    local line = lines[i]
    if line:byte(#line) == 13 then lines[i] = line:sub(1, -2)
    elseif i < #lines or ended then return nil end
  end
  return lines
end

-- A file whose lines all end like this would be read as another format.
local function all_return(lines, ended)
  if not ended or #lines > 1000 and lines[1]:byte(-1) ~= 13 then return false end
  for i = 1, #lines do
    if lines[i]:byte(-1) ~= 13 then return false end
  end
  return true
end

--- The lines that the buffer would show of these bytes.
---@param bytes string
---@param buf integer
---@return string[]? lines nil: not to be told
---@return boolean|string eol whether the last line has an end; or why not
function M.lines(bytes, buf)
  if #bytes > MOST_BYTES then return nil, 'large' end
  local binary = option(buf, 'binary')
  if not binary and bytes:sub(1, LOOKED_AT):find('\0', 1, true) then return nil, 'binary' end
  if not binary then
    if (bytes:sub(1, 3) == BOM) ~= option(buf, 'bomb') then return nil, 'a byte order mark' end
    if option(buf, 'bomb') then bytes = bytes:sub(4) end
    if converted[option(buf, 'fileencoding')] then bytes = vim.iconv(bytes, 'latin1', 'utf-8') end
  end
  local lines, ended = split(bytes)
  if #lines > MOST_LINES then return nil, 'large' end
  if not binary and option(buf, 'fileformat') == 'dos' then
    local plain = bytes == '' and lines or without_returns(lines, ended)
    if not plain then return nil, 'other line ends' end
    lines = plain
  elseif not binary and bytes ~= '' and vim.o.fileformats:find('dos', 1, true) and all_return(lines, ended) then
    return nil, 'other line ends'
  end
  return lines, ended or bytes == ''
end

--- What `:write` would put into the file; nil where it is not known for sure.
---@param buf integer
---@return string?
function M.written(buf)
  if M.odd(buf) then return nil end
  local count = api.nvim_buf_line_count(buf)
  if count > MOST_LINES then return nil end
  local binary = option(buf, 'binary')
  local lines = api.nvim_buf_get_lines(buf, 0, -1, false)
  if count == 1 and lines[1] == '' and api.nvim_buf_call(buf, function() return vim.fn.line2byte(2) end) < 0 then return '' end
  local stop = not binary and option(buf, 'fileformat') == 'dos' and '\r\n' or '\n'
  local text = table.concat(lines, stop)
  if option(buf, 'endofline') or (not binary and option(buf, 'fixendofline')) then text = text .. stop end
  if binary then return text end
  if converted[option(buf, 'fileencoding')] then
    local there = vim.iconv(text, 'utf-8', 'latin1')
    if not there or vim.iconv(there, 'latin1', 'utf-8') ~= text then return nil end
    text = there
  end
  return (option(buf, 'bomb') and BOM or '') .. text
end

return M
