std = 'luajit'
cache = false
max_line_length = 150
globals = { 'vim' }
ignore = { '212/_.*' }
files['tests'] = { std = '+busted' }
files['.luacheckrc'] = { std = '+luacheckrc' }
exclude_files = { '.deps', 'build' }
