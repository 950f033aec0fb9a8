-- picture.lua SOCKET PANE OUT.svg [TITLE]: a tmux pane as it looks now, as an SVG whose text can be selected.
-- Run by `nvim -l`. Colours and attributes come from `capture-pane -e`; every run of text is pinned to its columns, so that
-- the picture is exact in any font.
local socket, pane, out_file, title = unpack(_G.arg)

local cell_width, cell_height, size = 8.43, 18, 14
local margin, bar = 12, 34
local background, foreground = '#1b1d23', '#d7dae0'

local palette = {
  [0] = '#282c34', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#abb2bf',
  '#5c6370', '#f08890', '#b5e890', '#f0d399', '#82c4ff', '#d898ec', '#7fd1dd', '#ffffff',
}

---@param number integer of the 256 colours of a terminal
local function indexed(number)
  if palette[number] then return palette[number] end
  if number >= 232 then return ('#%02x%02x%02x'):format(8 + 10 * (number - 232), 8 + 10 * (number - 232), 8 + 10 * (number - 232)) end
  local cube = number - 16
  local function level(step) return step == 0 and 0 or 55 + 40 * step end
  return ('#%02x%02x%02x'):format(level(math.floor(cube / 36)), level(math.floor(cube / 6) % 6), level(cube % 6))
end

local attributes = { [1] = 'bold', [2] = 'dim', [3] = 'italic', [4] = 'underline', [7] = 'reverse', [9] = 'strike' }
local resets = { [22] = { 'bold', 'dim' }, [23] = { 'italic' }, [24] = { 'underline' }, [27] = { 'reverse' }, [29] = { 'strike' } }

-- Reads the extended colour that begins at codes[at]; the colour and the index of its last code.
local function extended(codes, at)
  if codes[at + 1] == 5 then return indexed(codes[at + 2] or 0), at + 2 end
  return ('#%02x%02x%02x'):format(codes[at + 2] or 0, codes[at + 3] or 0, codes[at + 4] or 0), at + 4
end

local function apply(style, parameters)
  local codes = {}
  for code in (parameters:gsub('4:%d+', '4'):gsub('::', ':'):gsub(':', ';') .. ';'):gmatch('(%d*);') do
    codes[#codes + 1] = tonumber(code) or 0
  end
  local at = 1
  while at <= #codes do
    local code = codes[at]
    if code == 0 then
      for key in pairs(style) do style[key] = nil end
    elseif attributes[code] then
      style[attributes[code]] = true
    elseif resets[code] then
      for _, name in ipairs(resets[code]) do style[name] = nil end
    elseif code == 38 then
      style.fg, at = extended(codes, at)
    elseif code == 48 then
      style.bg, at = extended(codes, at)
    elseif code == 58 then
      local _, last = extended(codes, at)
      at = last
    elseif code == 39 then
      style.fg = nil
    elseif code == 49 then
      style.bg = nil
    elseif code >= 30 and code <= 37 or code >= 90 and code <= 97 then
      style.fg = indexed(code < 90 and code - 30 or code - 82)
    elseif code >= 40 and code <= 47 or code >= 100 and code <= 107 then
      style.bg = indexed(code < 100 and code - 40 or code - 92)
    end
    at = at + 1
  end
end

-- The runs of one line: {column, width, text, style}.
local function runs_of(line, style)
  local runs, column = {}, 0
  line = line:gsub('\27%].-\27\\', ''):gsub('\27%].-\7', ''):gsub('\27[()].', ''):gsub('[\14\15]', '')
  for text, parameters in (line .. '\27[m'):gmatch('([^\27]*)\27%[([%d;:]*)m') do
    local width = vim.fn.strdisplaywidth(text)
    if width > 0 then runs[#runs + 1] = { column = column, width = width, text = text, style = vim.deepcopy(style) } end
    column = column + width
    apply(style, parameters)
  end
  return runs
end

local function escape(text) return (text:gsub('&', '&amp;'):gsub('<', '&lt;'):gsub('>', '&gt;')) end

local function colours(style)
  local fg, bg = style.fg or foreground, style.bg
  if style.reverse then fg, bg = bg or background, fg end
  return fg, bg
end

local function draw_run(out, run, row)
  local x, y = margin + run.column * cell_width, bar + margin + row * cell_height
  local fg, bg = colours(run.style)
  local width = run.width * cell_width
  if bg then
    out[#out + 1] = ('<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"/>'):format(x, y, width + 0.4, cell_height, bg)
  end
  if not run.text:find('%S') then return end
  out[#out + 1] = ('<text x="%.2f" y="%d" textLength="%.2f" lengthAdjust="spacingAndGlyphs" fill="%s"%s%s%s%s>%s</text>'):format(
    x, y + 13, width, fg, run.style.bold and ' font-weight="bold"' or '', run.style.italic and ' font-style="italic"' or '',
    run.style.underline and ' text-decoration="underline"' or '', run.style.dim and ' opacity="0.6"' or '', escape(run.text))
end

local function tmux(...)
  local done = vim.system({ 'tmux', '-u', '-S', socket, ... }, { text = true }):wait()
  assert(done.code == 0, done.stderr)
  return done.stdout
end

local columns, rows = tmux('display-message', '-p', '-t', pane, '#{pane_width} #{pane_height}'):match('(%d+) (%d+)')
local width, height = columns * cell_width + 2 * margin, rows * cell_height + bar + 2 * margin
local out = {
  ('<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">'):format(width, height, width, height),
  ('<rect width="100%%" height="100%%" rx="9" fill="%s"/>'):format(background),
  '<circle cx="20" cy="19" r="6" fill="#e06c75"/><circle cx="40" cy="19" r="6" fill="#e5c07b"/><circle cx="60" cy="19" r="6" fill="#98c379"/>',
  ('<text x="50%%" y="24" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#8b919d">%s</text>'):format(escape(title or 'kra')),
  ('<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="%d" xml:space="preserve">'):format(size),
}
local style, row = {}, 0
for line in tmux('capture-pane', '-p', '-e', '-N', '-t', pane):gmatch('([^\n]*)\n') do
  for _, run in ipairs(runs_of(line, style)) do draw_run(out, run, row) end
  row = row + 1
end
out[#out + 1] = '</g></svg>'
local file = assert(io.open(out_file, 'w'))
file:write(table.concat(out, '\n'), '\n')
file:close()
