-- The last line of `make test` adds up what very different runners print.
local worlds = require('tests.helpers.world')

describe('scripts/counts.awk', function()
  local world
  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  local function counts(text)
    return world:check({ 'awk', '-f', world.repo .. '/scripts/counts.awk', world:write('log', text) })
  end

  it('reads Catch2', function()
    assert.equals('9 0 0', counts('====\nAll tests passed (31 assertions in 9 test cases)\n\n'))
    assert.equals('1 0 0', counts('All tests passed (1 assertion in 1 test case)\n'))
    assert.equals('4 1 0', counts('test cases: 5 | 4 passed | 1 failed\nassertions: 9 | 8 passed | 1 failed\n'))
    assert.equals('4 2 3', counts('test cases: 9 | 3 passed | 2 failed | 3 skipped | 1 failed as expected\n'))
  end)

  it('reads busted', function()
    assert.equals('6 3 4', counts('++\n6 successes / 1 failure / 2 errors / 4 pending : 1.5 seconds\n'))
    assert.equals('1 0 0', counts('\27[32m1\27[0m success / 0 failures / 0 errors / 0 pending : 0.1 seconds\n'))
  end)

  it('adds up several summaries', function()
    assert.equals('12 1 2', counts('kra: 2 passed, 1 failed, 2 skipped\nx\nbars: 10 passed, 0 failed, 0 skipped\n'))
  end)

  it('says nothing where nothing was summed up', function()
    assert.equals('', counts('Segmentation fault\n    kra: 2 passed, 0 failed, 0 skipped in a quoted log\n'))
  end)
end)
