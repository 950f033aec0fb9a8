local alone = require('tests.helpers.alone')
local worlds = require('tests.helpers.world')
local random = require('tests.helpers.random')

local CASES = tonumber(vim.env.KRA_CASES or '') or 40

-- What was typed and what was written outside, at random; git says what comes of both.
describe('a merge into a buffer', function()
  local world, editor

  before_each(function()
    world = worlds.new()
    editor = alone.start(world, 'vim.o.hidden = true')
  end)
  after_each(function() world:close() end)

  local function line(pick) return pick(12) == 0 and '' or ('line %d'):format(pick(25)) end

  local function edited(pick, lines)
    lines = vim.list_extend({}, lines)
    for _ = 1, 1 + pick(4) do
      local at = pick(#lines) + 1
      local what = pick(3)
      if what == 0 and #lines > 1 then table.remove(lines, at)
      elseif what == 1 then table.insert(lines, at, line(pick))
      else lines[at] = line(pick) end
    end
    return lines
  end

  local function text(lines) return table.concat(lines, '\n') .. '\n' end

  it('is what git makes of it, whoever is decided for', function()
    local conflicts, clean = 0, 0
    for seed = 1, CASES do
      local pick = random(seed)
      local base = {}
      for i = 1, 3 + pick(30) do base[i] = line(pick) end
      local ours, theirs = edited(pick, base), edited(pick, base)
      local choice = pick(2) == 0 and 'mine' or 'theirs'
      local path = world:write(('m%d.txt'):format(seed), text(base))
      editor:command('edit ' .. path)
      editor:lua("require('kra.live').register(vim.api.nvim_get_current_buf(), true)")
      -- As somebody types: one place after another.
      editor:lua("for i, hunk in ipairs(require('kra.hunks').between(...)) do _G.list = _G.list or {} _G.list[i] = hunk end", base, ours)
      editor:lua([[
        local list = _G.list or {}
        _G.list = nil
        for i = #list, 1, -1 do vim.api.nvim_buf_set_lines(0, list[i][1], list[i][2], true, list[i][3]) end
      ]])
      world:write(path, text(theirs))
      editor:lua("require('kra.live').check_all()")
      local found = editor:lua("return require('kra.live.conflict').count(vim.api.nvim_get_current_buf())")
      if found > 0 then
        conflicts = conflicts + 1
        editor:command('Kra! ' .. choice)
      else
        clean = clean + 1
      end
      for name, lines in pairs({ base = base, ours = ours, theirs = theirs }) do world:write(name, text(lines)) end
      local said = world:run({ 'git', 'merge-file', '-p', choice == 'mine' and '--ours' or '--theirs', world.dir .. '/ours', world.dir .. '/base',
        world.dir .. '/theirs' })
      local now = editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
      local wanted = said.stdout == '' and '\n' or said.stdout
      assert.equals(wanted, text(now), ('seed %d, %s'):format(seed, choice))
      editor:command('silent write')
      assert.equals(text(now), world:read(path))
      -- And all of it can be undone, to what was typed and to what was there.
      editor:command('silent earlier 1000')
      assert.same(base, editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), 'seed ' .. seed)
      editor:command('bwipeout!')
    end
    assert.is_true(conflicts > CASES / 10 and clean > CASES / 10, ('%d conflicts, %d clean'):format(conflicts, clean))
  end)
end)
