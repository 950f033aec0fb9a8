# shellcheck shell=sh
# Our hooks, at an index of their own, and the process that they wake. The list of hooks is kra's: `kra tmux hooks` prints it.

kra_saves_itself() {
  case $KRA_AUTOSAVE in off | false | no | 0) return 1 ;; esac
}

kra_install_hooks() {
  if kra_saves_itself; then "$KRA_PROGRAM" tmux hooks; else "$KRA_PROGRAM" tmux unhook; fi
}

# The waiter is a job of the server and ends with it. Its pid is kept, so that a second run of this file starts none.
# shellcheck disable=SC2016 # $$ is the job's
kra_start_jobs() {
  if kra_saves_itself && ! kra_watches; then
    echo 'run-shell -b '\''tmux set-option -g @kra_watch $$; exec #{q:@kra_bin} tmux-watch'\'
  fi
  if kra_starts_now; then echo 'run-shell -b '\''#{q:@kra_dir}/tmux/menu.sh start'\'; fi
}

kra_watches() {
  case $KRA_WATCH in '' | *[!0-9]*) return 1 ;; esac
  kill -0 "$KRA_WATCH" 2>/dev/null || return 1
  # Another process may have got the number since.
  [ ! -r "/proc/$KRA_WATCH/comm" ] || { IFS= read -r kra_name <"/proc/$KRA_WATCH/comm" && [ "$kra_name" = kra ]; }
}

# The first run in a server that has just begun: a kra that is installed into a running one restores nothing by itself.
kra_starts_now() {
  case $KRA_ON_START in on | true | yes | 1) ;; *) return 1 ;; esac
  [ -z "$KRA_LOADED" ] || return 1
  case $KRA_START_TIME in '' | *[!0-9]*) return 1 ;; esac
  [ $(($(date +%s) - KRA_START_TIME)) -lt 60 ]
}
