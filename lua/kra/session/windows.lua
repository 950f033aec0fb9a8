-- The window tree of a tab: read as a flat list in pre-order, and built again by splitting.
local data = require('kra.session.data')
local M = {}
local api = vim.api

local MAX_WINDOWS = 256

-- Leaves that are not kept vanish, and so does a row or column that is left with one child.
local function prune(node, keep)
  if node[1] == 'leaf' then return keep(node[2]) and node or nil end
  local children = {}
  for _, child in ipairs(node[2]) do
    local kept = prune(child, keep)
    if kept and kept[1] == node[1] then vim.list_extend(children, kept[2])
    elseif kept then table.insert(children, kept) end
  end
  if #children <= 1 then return children[1] end
  return { node[1], children }
end

local function flatten(node, layout, windows)
  if node[1] == 'leaf' then
    table.insert(layout, 0)
    table.insert(windows, node[2])
    return
  end
  table.insert(layout, node[1] == 'row' and #node[2] or -#node[2])
  for _, child in ipairs(node[2]) do flatten(child, layout, windows) end
end

--- The tree of tab `number` without the windows that `keep` refuses; nil when none is left.
---@param number integer
---@param keep fun(win: integer): boolean
---@return integer[]? layout
---@return integer[]? windows in its order
function M.read(number, keep)
  local tree = prune(vim.fn.winlayout(number), keep)
  if not tree then return nil end
  local layout, windows = {}, {}
  flatten(tree, layout, windows)
  return layout, windows
end

-- How many lines a part of the tree can lose; a window keeps one.
local function room(node, info)
  if node[1] == 'leaf' then return info[node[2]] and math.max(0, info[node[2]].height - 1) or 0 end
  local least, all = math.huge, 0
  for _, child in ipairs(node[2]) do
    local here = room(child, info)
    least, all = math.min(least, here), all + here
  end
  return node[1] == 'row' and least or all
end

-- Lines are given to the lowest windows, and taken from them as long as they have some.
local function share(node, lines, info, out)
  if node[1] == 'leaf' then
    out[node[2]] = lines
  elseif node[1] == 'row' then
    for _, child in ipairs(node[2]) do share(child, lines, info, out) end
  else
    for i = #node[2], 1, -1 do
      local part = lines < 0 and -math.min(-lines, room(node[2][i], info)) or lines
      if part ~= 0 then share(node[2][i], part, info, out) end
      lines = lines - part
    end
  end
end

local function extent(number, info)
  local low, high = math.huge, 0
  for _, entry in pairs(info) do
    if entry.tabnr == number then
      low, high = math.min(low, entry.winrow), math.max(high, entry.winrow + entry.height)
    end
  end
  return high - low
end

--- Neovim fits a tab to the screen when it is entered, not when the tab line or 'cmdheight' changes: what its windows will
--- lose or gain then.
---@param number integer of the tab
---@param info table<integer, table> getwininfo() by window
---@return table<integer, integer> window -> lines
function M.fitting(number, info)
  local now = vim.fn.tabpagenr()
  local delta = number == now and 0 or extent(now, info) - extent(number, info)
  local out = {}
  if delta ~= 0 then
    share(vim.fn.winlayout(number), delta, info, out)
  end
  return out
end

--- A tree from a flat list, with the number of its windows. A list that is no tree gives nil.
---@return table? tree
---@return integer windows
function M.tree(layout)
  local at, leaves, nodes = 0, 0, 0
  local function take(depth)
    at, nodes = at + 1, nodes + 1
    local count = layout[at]
    if type(count) ~= 'number' or count ~= math.floor(count) or depth > 64 or nodes > 2 * MAX_WINDOWS then return nil end
    if count == 0 then
      leaves = leaves + 1
      return { 'leaf' }
    end
    if math.abs(count) < 2 then return nil end
    local children = {}
    for _ = 1, math.abs(count) do
      local child = take(depth + 1)
      if not child then return nil end
      table.insert(children, child)
    end
    return { count > 0 and 'row' or 'col', children }
  end
  if type(layout) ~= 'table' then return nil, 0 end
  local tree = take(1)
  if not tree or at ~= #layout then return nil, 0 end
  return tree, leaves
end

-- The size of each node from those of its windows: beside one another they have a line between them, stacked ones a status line.
local function measure(node, sizes, at)
  if node[1] == 'leaf' then
    node.width, node.height = sizes[at][1], sizes[at][2]
    return at + 1
  end
  local row = node[1] == 'row'
  node.width, node.height = row and #node[2] - 1 or 0, row and 0 or #node[2] - 1
  for _, child in ipairs(node[2]) do
    at = measure(child, sizes, at)
    if row then node.width, node.height = node.width + child.width, math.max(node.height, child.height)
    else node.width, node.height = math.max(node.width, child.width), node.height + child.height end
  end
  return at
end

-- Splits off all but the first of `count` parts at once, with their exact size; that is split again for the next.
local function split(node, win, rest, first)
  local row = node[1] == 'row'
  local where = { split = row and 'right' or 'below', win = win }
  if row then where.width = math.max(1, rest - first.width - 1) else where.height = math.max(1, rest - first.height - 1) end
  local buf = api.nvim_win_get_buf(win)
  local ok, new = pcall(api.nvim_open_win, buf, false, where)
  if not ok then
    where.width, where.height = nil, nil
    ok, new = pcall(api.nvim_open_win, buf, false, where)
  end
  return ok and new or false
end

-- A window that finds no room takes its part of the tree with it.
local function build(node, win, windows)
  if node[1] == 'leaf' then
    table.insert(windows, win)
    return
  end
  local parts, rest = { win }, node[1] == 'row' and node.width or node.height
  for i = 2, #node[2] do
    local before = node[2][i - 1]
    parts[i] = parts[i - 1] and split(node, parts[i - 1], rest, before) or false
    rest = rest - (node[1] == 'row' and before.width or before.height) - 1
  end
  for i, child in ipairs(node[2]) do
    if parts[i] then build(child, parts[i], windows) else M.missing(child, windows) end
  end
end

function M.missing(node, windows)
  if node[1] == 'leaf' then
    table.insert(windows, false)
    return
  end
  for _, child in ipairs(node[2]) do M.missing(child, windows) end
end

local PASSES = 6

-- In proportion when the screen has another size now.
local function scaled_sizes(states, size)
  local columns, lines = data.number(size[1], 1, 10000, vim.o.columns), data.number(size[2], 1, 10000, vim.o.lines)
  local function scaled(value, now, before)
    value = data.number(value, 1, 10000, 1)
    return now == before and value or math.max(1, math.floor(value * now / before + 0.5))
  end
  local out = {}
  for i, state in ipairs(states) do
    state = type(state) == 'table' and state or {}
    out[i] = { scaled(state.width, vim.o.columns, columns), scaled(state.height, vim.o.lines, lines) }
  end
  return out
end

--- Splits `win`, the only one of its tab, into the tree, each part in its size. Gives the windows in the order of the layout; false
--- where none fits.
---@param states kra.State.Window[] as many as the tree has windows
---@param size integer[] columns and lines when they were taken
---@return (integer|false)[]
function M.build(tree, win, states, size)
  local windows = {}
  measure(tree, scaled_sizes(states, size), 1)
  build(tree, win, windows)
  return windows
end

--- Sizes as they were, where something changed them since. What one window gives its neighbour takes, so it is done until all fit.
---@param windows (integer|false)[]
---@param states kra.State.Window[]
---@param size integer[] columns and lines when they were taken
function M.resize(windows, states, size)
  local sizes = scaled_sizes(states, size)
  for _ = 1, PASSES do
    local fits = true
    for i, win in ipairs(windows) do
      if win and sizes[i] then
        local width, height = unpack(sizes[i])
        if api.nvim_win_get_height(win) ~= height then fits = not pcall(api.nvim_win_set_height, win, height) and fits end
        if api.nvim_win_get_width(win) ~= width then fits = not pcall(api.nvim_win_set_width, win, width) and fits end
      end
    end
    if fits then return end
  end
end

return M
