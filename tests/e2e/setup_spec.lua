-- ./setup says what it would do before it does it, and takes a no.
local worlds = require('tests.helpers.world')

describe('./setup', function()
  local world
  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  it('asks on a terminal and stops at a no', function()
    local seen, code = '', nil
    local job = vim.fn.jobstart({ 'env', '-u', 'NVIM', world.repo .. '/setup' }, {
      pty = true,
      env = world.env,
      clear_env = true,
      on_stdout = function(_, lines) seen = seen .. table.concat(lines, '\n') end,
      on_exit = function(_, status) code = status end,
    })
    world:wait(function() return seen:find('Go on?', 1, true) end, 'the question', nil, function() return seen end)
    assert.truthy(seen:find('build/libkra.so', 1, true))
    vim.fn.chansend(job, 'n\n')
    world:wait(function() return code end, 'its end')
    assert.equals(1, code)
    assert.is_nil(seen:find('link build', 1, true))
  end)

  it('refuses an option that it does not know', function()
    local result = world:run({ world.repo .. '/setup', '--fast' })
    assert.equals(2, result.code)
    assert.truthy(result.stderr:find('--fast', 1, true))
  end)

  it('names packages for a system that lacks everything', function()
    -- A PATH with the tools of the script alone: neither compiler nor apt.
    for _, tool in ipairs({ 'sh', 'tr', 'sort', 'id', 'dirname', 'ls', 'cat' }) do
      assert(vim.uv.fs_symlink(vim.fn.exepath(tool), world.dir .. '/tmp/' .. tool))
    end
    local script = world.repo .. '/scripts/deps'
    local result = world:run({ '/bin/sh', script, 'missing', 'build' }, { env = { PATH = world.dir .. '/tmp' } })
    assert.equals(0, result.code)
    assert.same({ 'g++', 'git', 'libmsgpack-c-dev|libmsgpack-dev', 'libuv1-dev', 'libyaml-cpp-dev', 'make', 'pkg-config|pkgconf', 'tmux' },
      vim.split(vim.trim(result.stdout), '\n'))
    local refused = world:run({ '/bin/sh', script, 'install', 'build' }, { env = { PATH = world.dir .. '/tmp' } })
    assert.equals(1, refused.code)
    assert.truthy(refused.stderr:find('libuv1-dev', 1, true))
  end)
end)
