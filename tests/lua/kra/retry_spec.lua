-- Pauses between two tries.
describe('the pause before the same is tried again', function()
  local retry, config = require('kra.retry'), require('kra.config')
  before_each(function() config.apply({ retry = { first_ms = 1000, max_ms = 60000 } }) end)

  it('doubles up to the longest, less a part of it that differs', function()
    for failures, whole in ipairs({ 2000, 4000, 8000, 16000, 32000, 60000, 60000 }) do
      local seen = {}
      for _ = 1, 500 do
        local pause = retry.pause(failures)
        assert.is_true(pause <= whole and pause >= whole * 0.75, failures .. ': ' .. pause)
        seen[pause] = true
      end
      assert.is_true(vim.tbl_count(seen) > 20, 'they differ')
    end
    assert.is_true(retry.pause(1000) <= 60000)
  end)
end)
