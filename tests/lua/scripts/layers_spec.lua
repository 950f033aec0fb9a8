-- The layer rule: what it lets through, and that it stops each arrow that points the wrong way.
local worlds = require('tests.helpers.world')

describe('scripts/layers.sh', function()
  local world
  before_each(function()
    world = worlds.new()
    world:write('tree/scripts/layers.sh', assert(world:read(world.repo .. '/scripts/layers.sh')))
  end)
  after_each(function() world:close() end)

  local function layers(files)
    for path, text in pairs(files) do world:write('tree/' .. path, text) end
    return world:run({ 'sh', world.dir .. '/tree/scripts/layers.sh' })
  end

  it('lets arrows point down', function()
    local result = layers({
      ['native/base/a.hpp'] = '#include <string>\n',
      ['native/peers/b.cpp'] = '#include "base/a.hpp"\n#include "os/x.hpp"\n#include "wire/x.hpp"\n#include "model/x.hpp"\n',
      ['native/engine/c.cpp'] = '#include "peers/b.hpp"\n',
      ['native/daemon/d.cpp'] = '#include <uv.h>\n#include "engine/c.hpp"\n',
      ['native/wire/msgpack.cpp'] = '#include <msgpack.h>\n',
      ['native/model/config_yaml.cpp'] = '#include <yaml-cpp/yaml.h>\n',
      ['native/cli/main.cpp'] = '#include "daemon/d.hpp"\n',
      ['lua/kra/native.lua'] = "local ffi = require('ffi')\n",
    })
    assert.equals('', result.stdout)
    assert.equals(0, result.code)
  end)

  local wrong = {
    { 'native/base/a.hpp', '#include "os/disk.hpp"' },
    { 'native/os/a.hpp', '#include "model/plan.hpp"' },
    { 'native/wire/a.cpp', '#include "model/plan.hpp"' },
    { 'native/model/a.cpp', '  #  include "wire/frame.hpp"' },
    { 'native/peers/a.cpp', '#include "engine/save.hpp"' },
    { 'native/engine/a.cpp', '#include "daemon/lane.hpp"' },
    { 'native/ffi/a.cpp', '#include "cli/table.hpp"' },
    { 'native/cli/save.cpp', '#include "daemon/lane.hpp"' },
    { 'native/engine/a.cpp', '#include <uv.h>' },
    { 'native/wire/frame.cpp', '#include <msgpack.h>' },
    { 'native/model/config.cpp', '#include <yaml-cpp/yaml.h>' },
    { 'native/cli/a.cpp', '#include <iostream>' },
    { 'native/cli/a.cpp', '#include "a.hpp"' },
    { 'lua/kra/draft.lua', "local ffi = require 'ffi'" },
  }
  for _, case in ipairs(wrong) do
    it('stops ' .. case[2] .. ' in ' .. case[1], function()
      local result = layers({ ['native/base/ok.hpp'] = '', [case[1]] = '// first\n' .. case[2] .. '\n' })
      assert.equals(1, result.code)
      assert.truthy(result.stdout:find(case[1] .. ':2:', 1, true))
    end)
  end
end)
