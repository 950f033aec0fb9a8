-- run.lua SIZE SEED [NAME…]: puts each bug of bugs.lua back into a copy of the tree, builds the judge there and lets it look. A bug that no judge
-- sees within its runs, or a text that is no longer there, is a failure. A sample takes a bug or two. The last line counts.
local size, seed = _G.arg[1], _G.arg[2]
local repo = vim.fn.getcwd()
local bugs = dofile(repo .. '/tests/mutation/bugs.lua')

local function run(words, directory)
  local result = vim.system(words, { cwd = directory, text = true }):wait()
  return result.code, (result.stdout or '') .. (result.stderr or '')
end

local function read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

local function write(path, text)
  os.remove(path)
  local file = assert(io.open(path, 'wb'))
  file:write(text)
  file:close()
end

local function wanted(index, bug)
  if #_G.arg > 2 then return vim.list_contains(vim.list_slice(_G.arg, 3), bug.name) end
  return size == '--full' or index % #bugs == tonumber(seed) % #bugs
end

-- With what is built already, so that only what a bug changes is built again.
local scratch = vim.fn.tempname()
vim.fn.mkdir(scratch .. '/build', 'p')
run({ 'cp', '-a', 'native', 'tests', 'shell', 'Makefile', scratch }, repo)
run({ 'cp', '-a', 'build/obj', scratch .. '/build/' }, repo)

-- The text of a file with the bug in it, or why not.
local function with_bug(change)
  local text = read(repo .. '/' .. change.file)
  local first, last = text:find(change.from, 1, true)
  if not first then return nil, 'not in ' .. change.file .. ' any more: ' .. change.from end
  return text:sub(1, first - 1) .. change.to .. text:sub(last + 1)
end

local function try(bug)
  local changes = { bug, bug.also }
  for _, change in ipairs(changes) do
    local text, why = with_bug(change)
    if not text then return false, why end
    write(scratch .. '/' .. change.file, text)
  end
  local target = bug.judge[1]
  local code, said = run({ 'make', '-s', 'WERROR=-w', target }, scratch)
  if code ~= 0 then return false, 'does not build: ' .. said end
  local words = vim.list_extend(vim.deepcopy(bug.judge), { '--seed', seed })
  code, said = run(words, scratch)
  -- A judge that dies has seen something too, but nothing that can be told from a trouble of its own.
  local seen = (said:match('seed [^\n]*') or said:match('[^\n]*')):sub(1, 110)
  return code == 1, code == 1 and seen or ('ended with ' .. code .. ': ' .. said:sub(-300))
end

local function mend(bug)
  for _, change in ipairs({ bug, bug.also }) do
    write(scratch .. '/' .. change.file, read(repo .. '/' .. change.file))
  end
end

local caught, missed = 0, 0
for index, bug in ipairs(bugs) do
  if wanted(index, bug) then
    local started = vim.uv.hrtime()
    local ok, what = try(bug)
    mend(bug)
    caught, missed = caught + (ok and 1 or 0), missed + (ok and 0 or 1)
    print(('%-7s %4d s  %-52s %s'):format(ok and 'caught' or 'MISSED', (vim.uv.hrtime() - started) / 1e9, bug.name, what))
    io.stdout:flush()
  end
end
vim.fn.delete(scratch, 'rf')
print(('kra: %d passed, %d failed, 0 skipped'):format(caught, missed))
os.exit(missed == 0 and 0 or 1)
