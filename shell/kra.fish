# kra in fish: tells the daemon when this shell changes its directory, and starts the program of a restored pane as a job of this shell.
# Source it, or: kra init fish | source. Silent; loading it again does nothing; outside tmux and with KRA_DISABLE=1 neither does the first time.
# A directory change costs two forks and one exec, which nobody waits for.
if status is-interactive; and set -q TMUX[1]; and set -q TMUX_PANE[1]; and contains -- "$KRA_DISABLE" 0 ""; and not functions -q __kra_cwd
    # Seen by a save in the environment of this shell's children.
    set -gx KRA_SHELL $fish_pid
    set -g __kra_pwd $PWD

    # The program: KRA_BIN, what `kra init` wrote in front of this text, build/ beside this file, else the one on PATH.
    if set -q KRA_BIN[1]
        set -g __kra_bin $KRA_BIN
    else if not set -q __kra_bin[1]
        set -g __kra_bin (string replace -r '[^/]*$' '' -- (status filename))../build/kra
        test -x $__kra_bin; or set -g __kra_bin kra
    end

    function __kra_cwd --on-variable PWD --description 'tell kra where this shell is'
        test "$PWD" = "$__kra_pwd"; and return
        set -g __kra_pwd $PWD
        set -l last $last_pid
        $__kra_bin event cwd $TMUX_PANE $fish_pid $PWD </dev/null >/dev/null 2>&1 &
        disown $last_pid 2>/dev/null
        # As if nothing had been started.
        set -q last[1]; and set -g last_pid $last; or set -e last_pid
    end

    # A restored pane: its program becomes a job of this shell before the first prompt. Event handlers of fish never get the terminal and
    # its init commands do, so this shell starts once more, with the arguments that it had and such a command.
    if string match -qr '^[A-Za-z0-9_./%-]+$' -- "$KRA_RESTORE"
        set -l words (string split0 </proc/$fish_pid/cmdline 2>/dev/null)[2..]
        status is-login; and set -p words --login
        set -l mode interactive
        status is-full-job-control; and set mode full
        set -l job "status job-control full; "(string escape -- $__kra_bin)" exec --job $KRA_RESTORE; status job-control $mode"
        set -e KRA_RESTORE
        set -l fish (status fish-path)
        exec $fish $words -C $job
    end
    set -e KRA_RESTORE
end
