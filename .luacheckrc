std = 'luajit'
cache = false
max_line_length = 130
globals = { 'vim' }
ignore = { '212/_.*' }
files['tests'] = { std = '+busted' }
files['.luacheckrc'] = { std = '+luacheckrc' }
exclude_files = { '.deps', 'build' }
