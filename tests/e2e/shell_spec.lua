-- The shell files in real shells in tmux panes. A script stands for the program and writes down how it was called; a socket of the
-- test's own stands for the daemon.
local worlds = require('tests.helpers.world')
local uv = vim.uv

local shells = {
  zsh = { argv = { 'zsh', '-d', '-i' }, rc = 'home/.zshrc', status = '$?' },
  bash = { argv = { 'bash', '-i' }, rc = 'home/.bashrc', status = '$?' },
  fish = { argv = { 'fish', '-i' }, rc = 'config/fish/config.fish', status = '$status' },
}

local function quoted(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

local function quoted_for(name, path)
  return name == 'fish' and "'" .. path:gsub("[\\']", '\\%0') .. "'" or quoted(path)
end

for name, shell in pairs(shells) do
  describe('kra in ' .. name, function()
    local world, file

    -- A pane of this shell, with its start file; gives what runs lines in it and awaits their end.
    local function start(rc)
      world:write(shell.rc, rc or ('source %s\n'):format(file))
      world:start_tmux('-s', 'main', '--', unpack(shell.argv))
      local turn = 0
      return function(line)
        turn = turn + 1
        local mark = world.dir .. '/turn'
        world:tmux('send-keys', '-l', '-t', 'main', line .. '\n')
        world:tmux('send-keys', '-l', '-t', 'main', ('echo %d >%s\n'):format(turn, mark))
        world:wait(function() return world:read(mark) == turn .. '\n' end, 'the end of ' .. line, nil, function()
          return world:tmux('capture-pane', '-p', '-t', 'main')
        end)
      end
    end

    local function calls() return world:read('calls') or '' end
    local function await_call(text)
      return world:wait(function() return calls():find(text, 1, true) end, 'the call ' .. text, nil, calls)
    end
    local function pid() return world:tmux('display-message', '-p', '-t', 'main', '#{pane_pid}') end

    before_each(function()
      world = worlds.new()
      file = world.repo .. '/shell/kra.' .. name
      world:write('fake', ('#!/bin/sh\n{ printf "<%%s>" "$@"; echo; } >>%s/calls\nexit 9\n'):format(world.dir))
      uv.fs_chmod(world.dir .. '/fake', tonumber('755', 8))
      world.env.KRA_BIN = world.dir .. '/fake'
    end)
    after_each(function() assert.same({}, world:close()) end)

    it('tells of a change of directory, byte for byte', function()
      local line = start()
      local place = world.dir .. '/tmp/a b\'"$(touch x);#{pane_id}\1\255é'
      assert(uv.fs_mkdir(place, 448))
      assert(uv.fs_symlink(place, world.dir .. '/tmp/link'))
      line('cd -P ' .. world.dir .. '/tmp/link 2>/dev/null || cd ' .. world.dir .. '/tmp/link')
      await_call(('<event><cwd><%%0><%s><%s>'):format(pid(), name == 'fish' and world.dir .. '/tmp/link' or place))
      line('cd /')
      await_call(('<event><cwd><%%0><%s></>'):format(pid()))
    end)

    it('says nothing when nothing changed', function()
      local line = start()
      line('true')
      line('cd ' .. world.home)
      line('true')
      line('cd /')
      await_call('</>')
      assert.is_nil(calls():find('<exec>', 1, true))
      local _, count = calls():gsub('\n', '')
      assert.equals(1, count, calls())
    end)

    it('leaves status, last argument, background pid and jobs as they were', function()
      local line = start()
      local out = world.dir .. '/out'
      line('sleep 300 &')
      local facts
      if name == 'fish' then
        facts = 'echo $status $pipestatus $last_pid (jobs | string collect)'
        line(('set before $last_pid; false | true | false; %s >%s.1'):format(facts, out))
        line(('cd /usr; false | true | false; %s >%s.2'):format(facts, out))
        line(('cd /tmp; echo $last_pid (set -q before; and echo $before) >%s.3'):format(out))
      else
        local pipes = name == 'zsh' and '$pipestatus' or '${PIPESTATUS[*]}'
        -- Each fact on a line of its own, so that a prompt stands between the command and the question.
        for at, command in ipairs({ 'false | true | false', 'cd /usr | false', 'cd /tmp; false | true | false' }) do
          line(command .. ('\necho "$? %s" >%s.a%d'):format(pipes, out, at))
        end
        line(('jobs >%s.1; echo $! >>%s.1'):format(out, out))
        line('cd /')
        line(('jobs >%s.2; echo $! >>%s.2'):format(out, out))
        assert.equals('1 1 0 1\n', world:read(out .. '.a3'))
        line('cd /usr; : last\necho "$_" >' .. out .. '.4')
        assert.equals('last\n', world:read(out .. '.4'))
      end
      assert.equals(world:read(out .. '.1'), world:read(out .. '.2'))
      assert.truthy(world:read(out .. '.1'):find('sleep 300', 1, true))
      if name == 'fish' then
        local now, before = world:read(out .. '.3'):match('^(%d+) (%d+)\n$')
        assert.equals(before, now)
      end
    end)

    it('is silent, and loaded once', function()
      local source = 'source ' .. file .. '\n'
      local line = start(source .. source .. source)
      line('cd /')
      await_call('</>')
      local _, count = calls():gsub('\n', '')
      assert.equals(1, count)
      local result = world:run({ shell.argv[1], '-i', '-c', 'source ' .. file .. ' >' .. world.dir .. '/said 2>&1' },
        { env = world:inside('main') })
      assert.equals(0, result.code)
      assert.equals('', world:read('said'))
    end)

    it('is printed by kra init, with the path of the program', function()
      world.env.KRA_BIN = nil
      local odd = world.dir .. "/it's \\ $odd"
      vim.fn.mkdir(odd)
      assert(uv.fs_copyfile(world.dir .. '/fake', odd .. '/kra'))
      local text = world:check({ world.repo .. '/build/kra', 'init', name })
      assert.equals(world:read(file), (text .. '\n'):match('^[^\n]*\n(.*)$'))
      assert(uv.fs_unlink(odd .. '/kra'))
      assert(uv.fs_copyfile(world.repo .. '/build/kra', odd .. '/kra'))
      local evaluate = name == 'fish' and 'PROGRAM init fish | source\n' or 'eval "$(PROGRAM init ' .. name .. ')"\n'
      local line = start((evaluate:gsub('PROGRAM', function() return quoted_for(name, odd .. '/kra') end)))
      line(('echo "$__kra_bin" >%s/program'):format(world.dir))
      assert.equals(odd .. '/kra\n', world:read('program'))
    end)

    it('shows a save that it is loaded, by its own pid', function()
      local line = start()
      line(('sh -c \'echo "$KRA_SHELL" >%s/shell\''):format(world.dir))
      assert.equals(pid() .. '\n', world:read('shell'))
      -- A shell started from this one is not this one.
      line(('%s -i -c \'sh -c "echo \\$KRA_SHELL" >%s/inner\''):format(shell.argv[1], world.dir))
      assert.are_not.equal(pid() .. '\n', world:read('inner'))
    end)

    it('stays out where it has no business', function()
      world:start_tmux()
      local inside = world:inside('main')
      local function marker(options, env)
        local argv = { shell.argv[1] }
        vim.list_extend(argv, options)
        table.insert(argv, ('source %s; sh -c \'echo "$KRA_SHELL"\''):format(quoted(file)))
        return world:run(argv, { env = env }).stdout:match('([^\n]*)\n$')
      end
      assert.equals('', marker({ '-i', '-c' }, {}))
      assert.equals('', marker({ '-c' }, inside))
      assert.equals('', marker({ '-i', '-c' }, vim.tbl_extend('error', { KRA_DISABLE = '1' }, inside)))
      assert.equals('', marker({ '-i', '-c' }, vim.tbl_extend('error', { KRA_DISABLE = 'yes' }, inside)))
      assert.truthy(marker({ '-i', '-c' }, vim.tbl_extend('error', { KRA_DISABLE = '0' }, inside)):find('^%d+$'))
      assert.truthy(marker({ '-i', '-c' }, inside):find('^%d+$'))
    end)

    it('bears options that change the language', function()
      local options = { zsh = 'setopt nounset ksharrays shwordsplit noglob\n', bash = 'set -u; shopt -s nullglob; IFS=k/\n', fish = '\n' }
      local line = start(options[name] .. 'source ' .. file .. '\n')
      line('cd /usr')
      await_call(('<event><cwd><%%0><%s></usr>'):format(pid()))
      assert.is_nil(world:tmux('capture-pane', '-p', '-t', 'main'):find('kra[:_]'))
    end)

    it('forgets a restore that is no id', function()
      world.env.KRA_RESTORE = 'x; touch ' .. world.dir .. '/canary'
      local line = start()
      line('true')
      line(('sh -c \'echo "<$KRA_RESTORE>" >%s/left\''):format(world.dir))
      assert.equals('<>\n', world:read('left'))
      assert.equals('', calls())
      assert.is_nil(uv.fs_stat(world.dir .. '/canary'))
    end)

    if name == 'bash' then
      it('keeps PROMPT_COMMAND, a text or an array, and what it sees', function()
        local seen = world.dir .. '/seen'
        local mine = ('note() { local s=$?; echo $s "$@" >>%s; }\n'):format(seen)
        local line = start(mine .. "PROMPT_COMMAND='note text; '\nsource " .. file .. '\n')
        line('(exit 7)')
        line('declare -p PROMPT_COMMAND >' .. world.dir .. '/text; cd /')
        assert.truthy(world:read(seen):find('7 text', 1, true))
        assert.truthy(world:read('text'):find('note text; \\n__kra_prompt', 1, true), world:read('text'))
        await_call('</>')
        world:tmux('kill-session', '-t', 'main')
        os.remove(world.dir .. '/turn')
        line = start(mine .. 'PROMPT_COMMAND=("note one" "note two")\nsource ' .. file .. '\nsource ' .. file .. '\n')
        line('(exit 8)')
        line('declare -p PROMPT_COMMAND >' .. world.dir .. '/array; cd /usr')
        assert.truthy(world:read(seen):find('8 one\n8 two', 1, true))
        assert.truthy(world:read('array'):find('[0]="note one" [1]="note two" [2]="__kra_prompt")', 1, true))
        await_call('</usr>')
      end)
    end

    if name == 'zsh' then
      it('keeps the hooks that are there, and a prompt that counts on them', function()
        local line = start('chpwd() { echo own >>' .. world.dir .. '/own }\nchpwd_functions=(one)\none() { chpwd }\nsource ' .. file .. '\n')
        line('cd /')
        await_call('</>')
        assert.equals('own\nown\n', world:read('own'))
      end)

      it('does not speak for a subshell', function()
        local line = start()
        line('(cd /usr)')
        line('cd /')
        await_call('</>')
        assert.is_nil(calls():find('</usr>', 1, true))
      end)

      it('sends MessagePack without a process when somebody listens', function()
        local heard, server = {}, assert(uv.new_pipe(false))
        vim.fn.mkdir(world.env.KRA_RUNTIME_DIR, 'p', tonumber('700', 8))
        assert(server:bind(world.env.KRA_RUNTIME_DIR .. '/kra.sock'))
        server:listen(16, function()
          local client, bytes = assert(uv.new_pipe(false)), ''
          server:accept(client)
          client:read_start(function(_, chunk)
            if chunk then bytes = bytes .. chunk return end
            table.insert(heard, bytes)
            client:close()
          end)
        end)
        local line = start()
        local places = { '/', world.dir .. '/tmp/\255\1é\195', world.dir .. '/tmp/' .. ('é'):rep(60) .. ('a'):rep(100) }
        places[4] = places[3] .. '/' .. ('b'):rep(200)
        vim.fn.mkdir(places[4], 'p')
        vim.fn.mkdir(places[2], 'p')
        for at, place in ipairs(places) do
          assert(uv.fs_symlink(place, world.dir .. '/to' .. at))
          line('cd -P ' .. world.dir .. '/to' .. at)
          world:wait(function() return #heard == at end, 'event ' .. at)
          assert.same({ 2, 'event', { { source = 'cwd', server = world.socket, args = { '%0', pid(), place } } } },
            vim.mpack.decode(heard[at]))
        end
        assert.equals('', calls())
        server:close()
        line('cd /usr')
        await_call('</usr>')
      end)
    end
  end)
end

describe('kra note resume', function()
  local world
  before_each(function()
    world = worlds.new()
    world:start_tmux()
  end)
  after_each(function() assert.same({}, world:close()) end)

  local function noted() return world:tmux('show-options', '-p', '-q', '-v', '-t', 'main', '@kra_resume') end
  local function note(...) return world:run({ world.repo .. '/build/kra', 'note', 'resume', ... }, { env = world:inside('main') }) end

  it('leaves an argument vector on the pane, and takes it away', function()
    local argv = { 'agent', '--resume', 'a b', '', "'#{pane_id}';$(x)\n\255" }
    local result = note('--', unpack(argv))
    assert.same({ 0, '', '' }, { result.code, result.stdout, result.stderr })
    local packed = ''
    for _, word in ipairs(argv) do packed = packed .. word:gsub('.', function(c) return ('%02x'):format(c:byte()) end) .. '00' end
    assert.equals(packed, noted())
    assert.equals(0, note('--clear').code)
    assert.equals('', noted())
  end)

  it('says what is wrong', function()
    assert.equals(2, note().code)
    assert.equals(2, note('--').code)
    assert.equals(2, note('--clear', '--', 'x').code)
    assert.equals(2, note('--', ('x'):rep(5000)).code)
    assert.equals(2, world:run({ world.repo .. '/build/kra', 'note', 'resume', '--', 'x' }).code)
    local gone = world:run({ world.repo .. '/build/kra', 'note', 'resume', '--', 'x' },
      { env = vim.tbl_extend('force', world:inside('main'), { TMUX_PANE = '%99' }) })
    assert.equals(1, gone.code, gone.stderr)
    assert.equals('', noted())
  end)
end)
