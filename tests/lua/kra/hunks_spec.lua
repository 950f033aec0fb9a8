local hunks = require('kra.hunks')
local random = require('tests.helpers.random')
local api = vim.api

local CASES = tonumber(vim.env.KRA_CASES or '') or 300

local function line(pick)
  local text = ('line %d'):format(pick(12))
  if pick(6) == 0 then text = text .. ' äöü€' end
  if pick(20) == 0 then text = text .. '\0' end
  return pick(15) == 0 and '' or text
end

local function lines_of(pick, most)
  local lines = {}
  for i = 1, 1 + pick(most) do lines[i] = line(pick) end
  return lines
end

local function edited(pick, lines)
  lines = vim.list_extend({}, lines)
  for _ = 1, pick(5) do
    local at = pick(#lines) + 1
    local what = pick(4)
    if what == 0 and #lines > 1 then table.remove(lines, at)
    elseif what == 1 then table.insert(lines, at, line(pick))
    elseif what == 2 then lines[at] = lines[at]:sub(1, pick(#lines[at] + 1)) .. 'x' .. lines[at]:sub(pick(#lines[at] + 1) + 1)
    else lines[at] = line(pick) end
  end
  return lines
end

local function applied(lines, list)
  lines = vim.list_extend({}, lines)
  for i = #list, 1, -1 do
    local hunk = list[i]
    for _ = hunk[1] + 1, hunk[2] do table.remove(lines, hunk[1] + 1) end
    for k, text in ipairs(hunk[3]) do table.insert(lines, hunk[1] + k, text) end
  end
  return lines
end

local function both_ways(name, work)
  it(name .. ', with the library', function()
    assert.is_truthy(require('kra.native').get())
    work()
  end)
  it(name .. ', with the editor alone', function()
    local native = require('kra.native')
    local kept = { native.hunks, native.merge }
    native.hunks, native.merge = nil, nil
    local ok, err = pcall(work)
    native.hunks, native.merge = unpack(kept)
    assert(ok, err)
  end)
end

describe('hunks', function()
  both_ways('lead from one text to the other', function()
    for seed = 1, CASES do
      local pick = random(seed)
      local before = lines_of(pick, 20)
      local after = edited(pick, before)
      assert.same(after, applied(before, hunks.between(before, after)), 'seed ' .. seed)
    end
  end)

  both_ways('of a merge are those of the library', function()
    for seed = 1, CASES do
      local pick = random(seed)
      local base = lines_of(pick, 15)
      local ours, theirs = edited(pick, base), edited(pick, base)
      local merged = {}
      for _, part in ipairs(hunks.merge(base, ours, theirs)) do
        if part[1] == hunks.THEIRS then table.insert(merged, { part[4], part[5], vim.list_slice(theirs, part[6] + 1, part[7]) }) end
        if part[1] == hunks.CONFLICT then merged.conflict = true end
      end
      if not merged.conflict then
        -- What only one side changed is there.
        local text = applied(ours, merged)
        assert.same(hunks.between(base, theirs)[1] and text or ours, text, 'seed ' .. seed)
        local mirrored = {}
        for _, part in ipairs(hunks.merge(base, theirs, ours)) do
          assert.are_not.equal(hunks.CONFLICT, part[1])
          if part[1] == hunks.THEIRS then table.insert(mirrored, { part[4], part[5], vim.list_slice(ours, part[6] + 1, part[7]) }) end
        end
        assert.same(text, applied(theirs, mirrored), 'seed ' .. seed)
      end
    end
  end)

  it('of the editor and of the library merge alike', function()
    local native = require('kra.native')
    local function merged(base, ours, theirs)
      local list = {}
      for _, part in ipairs(hunks.merge(base, ours, theirs)) do
        if part[1] == hunks.CONFLICT then return nil end
        if part[1] == hunks.THEIRS then table.insert(list, { part[4], part[5], vim.list_slice(theirs, part[6] + 1, part[7]) }) end
      end
      return applied(ours, list)
    end
    local clean = 0
    for seed = 1, CASES do
      local pick = random(seed)
      local base = lines_of(pick, 15)
      local ours, theirs = edited(pick, base), edited(pick, base)
      local text = merged(base, ours, theirs)
      local kept = native.merge
      native.merge = nil
      local other = merged(base, ours, theirs)
      native.merge = kept
      if text and other then
        clean = clean + 1
        assert.same(text, other, 'seed ' .. seed)
      end
    end
    assert.is_true(clean > CASES / 5)
  end)
end)

describe('hunks in a buffer', function()
  local buf, wins

  before_each(function()
    vim.cmd('silent! only!')
    buf = api.nvim_create_buf(true, false)
    vim.cmd('split')
    wins = api.nvim_list_wins()
    for _, win in ipairs(wins) do api.nvim_win_set_buf(win, buf) end
    vim.bo[buf].undolevels = 1000
  end)
  after_each(function() api.nvim_buf_delete(buf, { force = true }) end)

  local function fill(lines)
    local levels = vim.bo[buf].undolevels
    vim.bo[buf].undolevels = -1
    api.nvim_buf_set_lines(buf, 0, -1, false, lines)
    vim.bo[buf].undolevels = levels
    vim.bo[buf].modified = false
  end
  local function text() return api.nvim_buf_get_lines(buf, 0, -1, false) end

  local function distinct(pick)
    local lines = {}
    for i = 1, 30 + pick(60) do lines[i] = ('%d %s'):format(i, line(pick)) end
    return lines
  end

  it('keep every position on its text, and are one step of undo', function()
    local ns = api.nvim_create_namespace('kra_test')
    for seed = 1, CASES do
      local pick = random(seed)
      local before = distinct(pick)
      fill(before)
      local after = edited(pick, before)
      local list = hunks.between(before, after)
      local ids, places = {}, {}
      for row = 0, #before - 1 do ids[row] = api.nvim_buf_set_extmark(buf, ns, row, 0, {}) end
      for i, win in ipairs(wins) do
        places[i] = { cursor = pick(#before), top = pick(#before) }
        api.nvim_win_call(win, function()
          vim.fn.winrestview({ lnum = places[i].cursor + 1, col = 0, topline = places[i].top + 1 })
          places[i].top = vim.fn.winsaveview().topline - 1
        end)
      end
      local marked = pick(#before)
      api.nvim_buf_set_mark(buf, 'a', marked + 1, 0, {})
      hunks.apply(buf, list, false)
      assert.same(after, text(), 'seed ' .. seed)
      assert.is_false(vim.bo[buf].modified)
      local changed = {}
      for _, hunk in ipairs(list) do
        for row = hunk[1], hunk[2] - 1 do changed[row] = true end
      end
      for row = 0, #before - 1 do
        if not changed[row] then
          local now = api.nvim_buf_get_extmark_by_id(buf, ns, ids[row], {})[1]
          assert.equals(before[row + 1], after[now + 1], ('seed %d: extmark of row %d'):format(seed, row))
        end
      end
      if not changed[marked] then assert.equals(before[marked + 1], after[api.nvim_buf_get_mark(buf, 'a')[1]], 'seed ' .. seed) end
      for i, win in ipairs(wins) do
        local view = api.nvim_win_call(win, vim.fn.winsaveview)
        for what, pair in pairs({ cursor = { places[i].cursor, view.lnum }, top = { places[i].top, view.topline } }) do
          if not changed[pair[1]] then assert.equals(before[pair[1] + 1], after[pair[2]], ('seed %d: %s of window %d'):format(seed, what, i)) end
        end
      end
      if #list > 0 then
        api.nvim_buf_call(buf, function() vim.cmd('silent undo') end)
        assert.same(before, text(), 'seed ' .. seed)
        assert.is_true(vim.bo[buf].modified, 'what is not on disk any more is modified')
        api.nvim_buf_call(buf, function() vim.cmd('silent redo') end)
        assert.same(after, text(), 'seed ' .. seed)
        assert.is_false(vim.bo[buf].modified)
      end
      api.nvim_buf_clear_namespace(buf, ns, 0, -1)
    end
  end)

  it('of more lines than undoreload are one step too, in a buffer that nobody sees', function()
    local lines = {}
    for i = 1, 12000 do lines[i] = 'x' .. i end
    fill(lines)
    local other = api.nvim_create_buf(true, false)
    for _, win in ipairs(wins) do api.nvim_win_set_buf(win, other) end
    local after = vim.tbl_map(function(text_of_line) return text_of_line .. '!' end, lines)
    table.insert(after, 1, 'first')
    hunks.apply(buf, hunks.between(lines, after), false)
    assert.same(after, text())
    api.nvim_buf_call(buf, function() vim.cmd('silent undo') end)
    assert.same(lines, text())
    api.nvim_win_set_buf(wins[1], buf)
    api.nvim_buf_delete(other, { force = true })
  end)

  it('change the text of a buffer that may not be changed, and a read-only one without a word', function()
    fill({ 'a', 'b' })
    vim.bo[buf].modifiable, vim.bo[buf].readonly = false, true
    vim.v.warningmsg = ''
    hunks.apply(buf, { { 1, 2, { 'c' } } }, false)
    assert.same({ 'a', 'c' }, text())
    assert.is_false(vim.bo[buf].modifiable)
    assert.equals('', vim.v.warningmsg)
  end)

  it('leave folds on their text', function()
    local lines = {}
    for i = 1, 40 do lines[i] = 'x' .. i end
    fill(lines)
    api.nvim_win_call(wins[1], function()
      vim.wo.foldmethod = 'manual'
      vim.cmd('20,25fold')
    end)
    local after = vim.list_extend({ 'new 1', 'new 2' }, lines)
    after[40] = 'changed'
    hunks.apply(buf, hunks.between(lines, after), false)
    api.nvim_win_call(wins[1], function()
      assert.same({ 22, 27 }, { vim.fn.foldclosed(24), vim.fn.foldclosedend(24) })
    end)
  end)

  it('tell a listener of the changed part alone', function()
    local lines = {}
    for i = 1, 100 do lines[i] = 'the line number ' .. i end
    fill(lines)
    local told = {}
    api.nvim_buf_attach(buf, false, { on_bytes = function(_, _, _, row, column, _, _, _, old, _, _, new)
      table.insert(told, { row, column, old, new })
      return false
    end })
    local after = vim.list_extend({}, lines)
    after[50] = 'the LINE number 50'
    hunks.apply(buf, hunks.between(lines, after), false)
    assert.same({ { 49, 4, 4, 4 } }, told)
  end)
end)
