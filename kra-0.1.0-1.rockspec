rockspec_format = '3.0'
package = 'kra'
version = '0.1.0-1'
source = { url = '.', tag = 'v0.1.0' } -- a release puts its own address here
description = {
  summary = 'Keeps a terminal workspace alive: tmux, Neovim and shells come back as they were',
  license = 'MIT',
  labels = { 'neovim', 'tmux', 'session' },
}
dependencies = { 'lua == 5.1' }
test_dependencies = { 'busted' }
build = {
  type = 'make',
  build_target = 'build',
  build_variables = { WERROR = '' },
  install_target = 'install',
  install_variables = { WERROR = '', PREFIX = '$(PREFIX)', LUADIR = '$(LUADIR)', LIBDIR = '$(LIBDIR)', BINDIR = '$(BINDIR)' },
  copy_directories = { 'doc', 'plugin' },
}
