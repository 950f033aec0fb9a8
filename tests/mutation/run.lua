-- run.lua SIZE SEED [NAME…]: puts each bug of bugs.lua back into a copy of the tree, builds the judge there and lets it look. A bug that no judge
-- sees within its runs, or a text that is no longer there, is a failure. A sample takes a bug or two. The last line counts.
-- KRA_MUTATION_JUDGES=DIR keeps what was built, KRA_MUTATION_BUILD_ONLY=1 leaves it at that.
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
-- Where judges are kept, one that is there is not built again.
local judges = os.getenv('KRA_MUTATION_JUDGES') or scratch .. '/judges'
vim.fn.mkdir(judges, 'p')

-- The text of a file with the bug in it, or why not.
local function with_bug(change)
  local text = read(repo .. '/' .. change.file)
  local first, last = text:find(change.from, 1, true)
  if not first then return nil, 'not in ' .. change.file .. ' any more: ' .. change.from end
  return text:sub(1, first - 1) .. change.to .. text:sub(last + 1)
end

-- Its judge with the bug in it, or why there is none.
local function build(index, bug)
  local judge = ('%s/%d'):format(judges, index)
  if vim.uv.fs_stat(judge) then return judge end
  for _, change in ipairs({ bug, bug.also }) do
    local text, why = with_bug(change)
    if not text then return nil, why end
    write(scratch .. '/' .. change.file, text)
  end
  local code, said = run({ 'make', '-s', 'WERROR=-w', bug.judge[1] }, scratch)
  if code ~= 0 then return nil, 'does not build: ' .. said end
  assert(vim.uv.fs_copyfile(scratch .. '/' .. bug.judge[1], judge))
  return judge
end

local function mend(bug)
  for _, change in ipairs({ bug, bug.also }) do
    write(scratch .. '/' .. change.file, read(repo .. '/' .. change.file))
  end
end

local passed, failed, running = 0, 0, 0
local function verdict(bug, started, caught, what)
  passed, failed = passed + (caught and 1 or 0), failed + (caught and 0 or 1)
  print(('%-7s %4d s  %-52s %s'):format(caught and 'caught' or 'MISSED', (vim.uv.hrtime() - started) / 1e9, bug.name, what))
  io.stdout:flush()
end

-- A judge that dies has seen something too, but nothing that can be told from a trouble of its own.
local function look(bug, judge)
  local started = vim.uv.hrtime()
  running = running + 1
  local words = vim.list_extend({ judge }, vim.list_slice(bug.judge, 2))
  if bug.judge[1]:match('^build/bench/') then vim.list_extend(words, { '--seed', seed }) end
  vim.system(words, { cwd = repo, text = true }, vim.schedule_wrap(function(result)
    running = running - 1
    local said = (result.stdout or '') .. (result.stderr or '')
    local seen = (said:match('seed [^\n]*') or said:match('[^\n]*')):sub(1, 110)
    verdict(bug, started, result.code == 1, result.code == 1 and seen or ('ended with ' .. result.code .. ': ' .. said:sub(-300)))
  end))
end

-- One is built while another looks.
for index, bug in ipairs(bugs) do
  if wanted(index, bug) then
    local started = vim.uv.hrtime()
    local judge, why = build(index, bug)
    mend(bug)
    if not judge then verdict(bug, started, false, why) end
    if judge and not os.getenv('KRA_MUTATION_BUILD_ONLY') then
      vim.wait(3600000, function() return running < 2 end, 50)
      look(bug, judge)
    end
  end
end
vim.wait(3600000, function() return running == 0 end, 50)
vim.fn.delete(scratch, 'rf')
print(('kra: %d passed, %d failed, 0 skipped'):format(passed, failed))
os.exit(failed == 0 and 0 or 1)
