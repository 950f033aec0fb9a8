-- nvim_live [--sample|--full] [--seed N] [--only hunks]: what a change from outside costs in Neovim.
--   ready hunks applied to 10,000 lines with tree-sitter on: median, longest, beside the bare edit of the same lines
--   one changed file among 500 loaded buffers, from the daemon's call to the text
--   200 modified buffers changed at once: time, notices, questions
--   a note followed: until the window shows the file; keys in a wrong buffer and moves of the focus while somebody types
--   positions and undo in random cases (the spec of hunks); in full also every form of `:write`
-- One JSON line for each bar.
package.path = './?.lua;./lua/?.lua;./lua/?/init.lua;' .. package.path
local driver = require('tests.bench.support.driver')

local full, seed, dir = driver.full, driver.seed, driver.directory()

local function child()
  local editor = driver.child(driver.environment({ KRA_DISABLE = '1' }), { 'let g:loaded_python3_provider = 0', 'filetype plugin on' })
  editor.lua([[
    local seed = ...
    vim.cmd('runtime plugin/kra.lua')
    vim.o.columns, vim.o.lines, vim.o.hidden = 160, 50, true
    vim.g.kra = { notify = { level = 'debug' }, live = { follow_dwell_ms = 0 } }
    _G.said = {}
    vim.notify = function(text) table.insert(_G.said, text) end
    math.randomseed(seed)
    require('kra.rpc').connect = function(done) if done then done({ fault = 'unavailable', what = 'none here' }) end end
    require('kra.live').start()
    _G.answer = require('kra.serve').answer
    function _G.figures(times)
      table.sort(times)
      return { median = times[math.floor(#times / 2) + 1], p99 = times[math.max(1, math.floor(#times * 0.99))],
        p999 = times[math.max(1, math.floor(#times * 0.999))], max = times[#times] }
    end
  ]], seed)
  return editor
end

local function bar(fields)
  if fields.pass == nil then fields.pass = fields.figure <= fields.limit end
  driver.bar(fields)
end

local function write(name, text)
  local file = assert(io.open(dir .. '/' .. name, 'wb'))
  file:write(text)
  file:close()
  return dir .. '/' .. name
end

local function text_of(count)
  local lines = {}
  for i = 1, count do lines[i] = ('local value_%d = compute(%d) -- a line'):format(i, i) end
  return table.concat(lines, '\n') .. '\n'
end

-- One edit after the other in the scene: by `hunks.apply`, or (`garbage` given) bare, by Lua code that leaves as many bytes to its collector.
local function edits(rounds, garbage)
  local editor = child()
  local path = write('large.lua', text_of(10000))
  local found = editor.lua([[
    local path, rounds, garbage = ...
    vim.cmd('edit ' .. path)
    vim.treesitter.start(0, 'lua')
    vim.treesitter.get_parser(0, 'lua'):parse(true)
    vim.wait(50)
    local hunks, times, left, faults = require('kra.hunks'), {}, 0, vim.uv.getrusage().minflt
    -- As whoever applies them says it.
    require('kra.live.image').get(vim.api.nvim_get_current_buf()).busy = true
    local function bare(round, list)
      local kept = ('x'):rep(garbage) .. round
      local old = vim.api.nvim_buf_get_lines(0, list[1][1], list[1][2], true)[1]
      vim.api.nvim_buf_set_text(0, list[1][1], 0, list[1][1], #old, list[1][3])
      return kept
    end
    local function ours(_, list) hunks.apply(0, list, false) end
    local work = garbage and bare or ours
    for i = 1, rounds do
      local row = math.random(9900)
      local list = { { row, row + 1, { ('local changed_%d = compute(0)'):format(i), 'local more = 1' } } }
      local bytes, start = collectgarbage('count'), vim.uv.hrtime()
      work(i, list)
      times[i] = (vim.uv.hrtime() - start) / 1e6
      left = left + math.max(0, collectgarbage('count') - bytes)
    end
    local found = _G.figures(times)
    found.garbage, found.faults = math.floor(left * 1024 / rounds), vim.uv.getrusage().minflt - faults
    return found
  ]], path, rounds, garbage)
  editor.stop()
  return found
end

-- The longest are memory that the system gives on first use and whole turns of Lua's collector; the bare edit beside them says how much is ours.
local function ready_hunks(rounds)
  local ours = edits(rounds)
  local bare = edits(rounds, ours.garbage)
  local name = 'live: ready hunks into 10,000 lines with tree-sitter, '
  bar({ bar = name .. 'median', figure = ours.median, floor = bare.median, limit = 0.1, unit = 'ms', n = rounds, judged = full })
  bar({ bar = name .. '99.9 %', figure = ours.p999, floor = bare.p999, limit = 2, unit = 'ms', n = rounds, judged = full })
  bar({ bar = name .. 'longest', figure = ours.max, floor = bare.max, limit = 2, unit = 'ms', n = rounds, judged = full })
  bar({ bar = name .. 'pages of memory', figure = ours.faults, floor = bare.faults, limit = 1e9, unit = 'pages', n = rounds, judged = false })
end

local function among_many(rounds)
  local editor = child()
  local text = text_of(100)
  for i = 1, 500 do write(('f%d.lua'):format(i), text) end
  local found = editor.lua([[
    local dir, rounds = ...
    for i = 1, 500 do vim.fn.bufload(vim.fn.bufadd(('%s/f%d.lua'):format(dir, i))) end
    vim.wait(2000, function() return vim.tbl_count(require('kra.live.image').all()) == 500 end, 10)
    local images, disk, times, wrong = require('kra.live.image'), require('kra.live.disk'), {}, 0
    for round = 1, rounds do
      local path = ('%s/f%d.lua'):format(dir, math.random(500))
      local image = images.of_path(path)[1]
      local line = ('local changed_%d = 1'):format(round)
      local params = { path = path, root = dir, seq = round, kind = 'modify', hash = ('%016x'):format(round), size = 4000,
        writer = 'agent', identity = '', base = image.hash, hunks = { { 40, 41, { line } } }, eol = true }
      local start = vim.uv.hrtime()
      _G.answer('file_changed', params)
      times[round] = (vim.uv.hrtime() - start) / 1e6
      if vim.api.nvim_buf_get_lines(image.buf, 40, 41, false)[1] ~= line then wrong = wrong + 1 end
      if round % 50 == 0 then vim.wait(1) end
    end
    local found = _G.figures(times)
    found.wrong = wrong
    return found
  ]], dir, rounds)
  editor.stop()
  bar({ bar = 'live: one changed file among 500 buffers', figure = found.median, p99 = found.p99, limit = 0.2, unit = 'ms', n = rounds,
    judged = full })
  bar({ bar = 'live: of those not in their buffer', figure = found.wrong, limit = 0, unit = 'files', n = rounds })
end

local function many_modified()
  local editor = child()
  local text = text_of(100)
  for i = 1, 200 do write(('m%d.lua'):format(i), text) end
  editor.lua([[
    local dir = ...
    for i = 1, 200 do vim.fn.bufload(vim.fn.bufadd(('%s/m%d.lua'):format(dir, i))) end
    vim.wait(2000, function() return vim.tbl_count(require('kra.live.image').all()) == 200 end, 10)
    for buf in pairs(require('kra.live.image').all()) do vim.api.nvim_buf_set_lines(buf, 0, 1, false, { 'mine' }) end
    _G.said = {}
  ]], dir)
  local changed = text:gsub('local value_50 [^\n]*', 'theirs')
  for i = 1, 200 do write(('m%d.lua'):format(i), changed) end
  local found = editor.lua([[
    local dir = ...
    local start = vim.uv.hrtime()
    for i = 1, 200 do
      local path = ('%s/m%d.lua'):format(dir, i)
      _G.answer('file_changed', { path = path, seq = 1, kind = 'modify', hash = 'x', read = 'base', writer = 'agent' })
    end
    local took = (vim.uv.hrtime() - start) / 1e6
    require('kra.live.notice').flush()
    vim.wait(150)
    local lost = 0
    for buf in pairs(require('kra.live.image').all()) do
      local lines = vim.api.nvim_buf_get_lines(buf, 0, -1, false)
      if lines[1] ~= 'mine' or lines[50] ~= 'theirs' or not vim.bo[buf].modified then lost = lost + 1 end
    end
    return { took = took, notices = #_G.said, lost = lost, mode = vim.api.nvim_get_mode().blocking and 1 or 0 }
  ]], dir)
  editor.stop()
  bar({ bar = 'live: 200 modified buffers changed at once', figure = found.took, limit = 100, unit = 'ms', n = 200, judged = full })
  bar({ bar = 'live: notices of it', figure = found.notices, limit = 1, unit = 'lines', n = 200, pass = found.notices == 1 })
  bar({ bar = 'live: of those not both sides, or asked about', figure = found.lost + found.mode, limit = 0, unit = 'buffers', n = 200 })
end

local function follow(rounds)
  local editor = child()
  for i = 1, 5 do write(('w%d.lua'):format(i), text_of(300)) end
  local found = editor.lua([[
    local dir, rounds = ...
    vim.cmd('edit ' .. dir .. '/w1.lua')
    for i = 2, 5 do vim.fn.bufload(vim.fn.bufadd(('%s/w%d.lua'):format(dir, i))) end
    require('kra.follow').set('vsplit')
    local win, focus, times, wrong = require('kra.follow').window(), vim.api.nvim_get_current_win(), {}, 0
    for round = 1, rounds do
      local path, line = ('%s/w%d.lua'):format(dir, round % 4 + 2), math.random(300)
      local start = vim.uv.hrtime()
      local files = { { path = path, kind = 'modify', line = line } }
      _G.answer('files_changed', { root = dir, count = 1, single = true, cause = '', text = '', files = files })
      times[round] = (vim.uv.hrtime() - start) / 1e6
      local shown = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(win)) == path and vim.api.nvim_win_get_cursor(win)[1] == line
      if not shown or vim.api.nvim_get_current_win() ~= focus then wrong = wrong + 1 end
    end
    local found = _G.figures(times)
    found.wrong = wrong
    return found
  ]], dir, rounds)
  bar({ bar = 'live: follow, from the note to the window', figure = found.median, p99 = found.p99, limit = 10, unit = 'ms', n = rounds,
    judged = full })
  bar({ bar = 'live: follow, not shown or the focus moved', figure = found.wrong, limit = 0, unit = 'notes', n = rounds })
  editor.stop()
end

-- Somebody types in one window while the other one follows; a third one is pinned.
local function fuzz(count)
  local editor = child()
  for i = 1, 5 do write(('z%d.lua'):format(i), text_of(300)) end
  editor.lua([[
    local dir = ...
    vim.cmd('edit ' .. dir .. '/z1.lua')
    require('kra.follow').set('vsplit')
    vim.cmd('belowright split ' .. dir .. '/z5.lua')
    require('kra.pin').set(vim.api.nvim_get_current_win(), true)
    _G.pinned = vim.api.nvim_get_current_win()
    vim.cmd('wincmd k')
    _G.focus, _G.moves = vim.api.nvim_get_current_win(), 0
    vim.api.nvim_create_autocmd('WinEnter', { callback = function()
      if vim.api.nvim_get_current_win() ~= _G.focus then _G.moves = _G.moves + 1 end
    end })
  ]], dir)
  local keys = vim.split('j k w b ia b c <Esc> x u v l <Esc> A! <CR> <Esc> o z<Esc> G gg dd u cw <Esc> yy p 0', ' ')
  local state = seed
  for i = 1, count do
    state = (state * 1103515245 + 12345) % 2147483648
    editor.lua('vim.api.nvim_input(...)', keys[math.floor(state / 65536) % #keys + 1])
    if i % 10 == 0 then
      editor.lua("_G.answer('files_changed', ...)", { root = dir, count = 1, single = true, cause = '', text = '',
        files = { { path = ('%s/z%d.lua'):format(dir, i / 10 % 3 + 2), kind = 'modify', line = i % 300 + 1 } } })
    end
  end
  editor.lua('vim.api.nvim_input(...)', '<Esc>')
  local found = editor.lua([[
    local dir, wrong = ..., 0
    for i = 2, 5 do
      if vim.bo[vim.fn.bufnr(('%s/z%d.lua'):format(dir, i))].modified then wrong = wrong + 1 end
    end
    local moved = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(_G.pinned)) ~= dir .. '/z5.lua'
    return { wrong = wrong, moves = _G.moves, moved = moved and 1 or 0, typed = vim.bo.modified and 1 or 0 }
  ]], dir)
  editor.stop()
  bar({ bar = 'live: focus moved while somebody types', figure = found.moves, limit = 0, unit = 'times', n = count })
  bar({ bar = 'live: keys in a wrong buffer, pinned windows moved', figure = found.wrong + found.moved, limit = 0, unit = 'times', n = count,
    pass = found.wrong + found.moved == 0 and found.typed == 1 })
end

local function positions(cases)
  local result = vim.system({ 'tests/run-busted', 'tests/lua/kra/hunks_spec.lua' },
    { text = true, env = { KRA_CASES = tostring(cases), KRA_TEST_NVIM = vim.v.progpath } }):wait()
  local failures = tonumber(result.stdout:match('(%d+) failure')) or 1
  local errors = tonumber(result.stdout:match('(%d+) error')) or 1
  bar({ bar = 'live: positions and undo other than exact', figure = failures + errors, limit = 0, unit = 'cases', n = cases,
    pass = result.code == 0 and failures + errors == 0 })
end

-- Every form of `:write` after a change from outside, with and without a formatter, in each Neovim that is here (the spec of writing).
local function writes()
  local editors = vim.fn.glob('.deps/nvim-*/bin/nvim', false, true)
  for _, editor in ipairs(#editors > 0 and editors or { vim.v.progpath }) do
    local result = vim.system({ 'tests/run-busted', 'tests/lua/kra/live_write_spec.lua' }, { text = true, env = { KRA_TEST_NVIM = editor } }):wait()
    local function count(what) return tonumber(result.stdout:match('(%d+) ' .. what)) or 0 end
    local right, wrong = count('success'), count('failure') + count('error')
    bar({ bar = 'live: forms of :write that asked, lost or wrote something else, ' .. (editor:match('nvim%-[%d.]+') or 'nvim'), figure = wrong,
      limit = 0, unit = 'forms', n = right + wrong, pass = result.code == 0 and right > 0 and wrong == 0 })
  end
end

driver.run(function()
  ready_hunks(full and 1000 or 100)
  if driver.only == 'hunks' then return end
  among_many(full and 1000 or 100)
  many_modified()
  follow(full and 500 or 50)
  fuzz(full and 10000 or 1000)
  positions(full and 10000 or 200)
  if full then writes() end
end)
