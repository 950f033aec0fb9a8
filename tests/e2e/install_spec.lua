-- `make install` brings everything by rename and `make uninstall` leaves nothing.
local worlds = require('tests.helpers.world')

describe('make install', function()
  local world
  before_each(function() world = worlds.new() end)
  after_each(function() world:close() end)

  local function install(...)
    return world:check({ world.repo .. '/scripts/install', ... }, {
      env = {
        DESTDIR = world.dir .. '/root',
        PREFIX = '/opt/kra it',
        BINDIR = '/opt/kra it/bin',
        LIBDIR = '/opt/kra it/lib/kra',
        LUADIR = '/opt/kra it/share/kra/lua',
      },
    })
  end
  local prefix = '/root/opt/kra it/'
  local function found() return world:check({ 'find', world.dir .. '/root', '-mindepth', '1' }) end

  it('brings a program that runs, and a plugin that Neovim finds', function()
    install()
    assert.equals(0, world:run({ world.dir .. prefix .. 'bin/kra', 'version' }).code)
    assert.truthy(vim.uv.fs_stat(world.dir .. prefix .. 'share/nvim/site/pack/kra/start/kra/doc'))
    assert.is_nil(found():find('kra-new', 1, true))
  end)

  it('replaces by rename and forgets nothing that it brought before', function()
    install()
    local before = found()
    local file = assert(io.open(world.dir .. prefix .. 'bin/kra', 'rb'))
    local old = vim.uv.fs_stat(world.dir .. prefix .. 'bin/kra').ino
    install()
    assert.are_not.equal(old, vim.uv.fs_stat(world.dir .. prefix .. 'bin/kra').ino)
    assert.equals('\127ELF', file:read(4))
    file:close()
    assert.equals(before, found())
  end)

  it('leaves nothing, and nothing of others is taken', function()
    world:write('root/opt/kra it/share/other/file', 'theirs')
    local before = found()
    install()
    install()
    install('--remove')
    assert.equals(before, found())
  end)

  it('says so when there is nothing to remove', function()
    local result = world:run({ world.repo .. '/scripts/install', '--remove' }, { env = { PREFIX = world.dir .. '/none' } })
    assert.equals(1, result.code)
    assert.truthy(result.stderr:find('not installed', 1, true))
  end)
end)
