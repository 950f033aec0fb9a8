#!/bin/sh
# What keys, the menu and kra.tmux start in the background of a tmux server:
#   menu.sh menu|save|undo|pin|popup WHAT CLIENT PANE    menu.sh show WHAT    menu.sh start|build
# No text of anybody's is handed to tmux as a command: what kra said goes through an option.
dir=$(cd "${0%/*}/.." && pwd -P) || exit 1
bin=$(tmux show-options -gqv @kra_bin)
bin=${bin:-$dir/build/kra}

say() { tmux set-option -g @kra_said "$1" \; display-message '#{@kra_said}' \; set-option -gu @kra_said; }

# The last line of what the command said is what people want to know.
run() {
  said=$("$bin" "$@" 2>&1)
  say "$(printf '%s\n' "$said" | tail -n 1)"
}

# CLIENT PANE. Every item comes back here. display-menu reads formats, and so does run-shell: a doubled # is for the second.
menu() {
  item="run-shell -b \"##{q:@kra_dir}/tmux/menu.sh"
  for words in save undo 'popup restore' 'popup list' 'popup log' 'popup status' 'popup doctor'; do
    set -- "$@" "$item $words '$1' '$2'\""
  done
  tmux display-menu -c "$1" -t "$2" -T '#[align=centre] kra ' \
    'Save now' s "$3" 'Restore...' r "$5" 'Undo a close' u "$4" '' \
    'List of saves' l "$6" 'History' h "$7" '' 'Status' t "$8" 'Doctor' d "$9"
}

# WHAT CLIENT PANE
popup() { tmux display-popup -c "$2" -t "$3" -E -w 80% -h 80% "exec '$(printf '%s' "$dir" | sed "s/'/'\\\\''/g")/tmux/menu.sh' show $1"; }

show() {
  case $1 in
  restore) restore ;;
  list | log | status | doctor) "$bin" "$1" 2>&1 | page ;;
  esac
}

page() {
  if command -v less >/dev/null; then less -R; else
    cat
    read -r _ </dev/tty
  fi
}

restore() {
  "$bin" list
  printf '\nRestore which (NAME, NAME@G, NAME@2h; nothing: the current one; q: none)? '
  read -r name || return
  case $name in
  q) return ;;
  '') set -- ;;
  *) set -- -- "$name" ;;
  esac
  "$bin" restore "$@" && return
  printf 'Enter closes this. '
  read -r _
}

# LINE: said when somebody is there to read it.
say_when_attached() {
  left=600
  while [ $left -gt 0 ] && [ -z "$(tmux list-clients -F x 2>/dev/null)" ]; do
    sleep 1
    left=$((left - 1))
  done
  say "$1"
}

# A server that has just begun has no session yet while it reads its configuration. What it saved since is not what is wanted back.
start() {
  left=100
  while [ $left -gt 0 ] && [ -z "$(tmux list-sessions -F x 2>/dev/null)" ]; do
    sleep 0.1
    left=$((left - 1))
  done
  said=$("$bin" restore --on-start 2>&1) || say_when_attached "$(printf '%s\n' "$said" | tail -n 1)"
}

build() {
  for tool in make c++; do
    command -v "$tool" >/dev/null && continue
    say_when_attached "kra: no program found, and no $tool to build it; run $dir/setup"
    return
  done
  tmux set-option -g @kra_status 'kra: building'
  mkdir -p "$dir/build"
  if make -C "$dir" build >"$dir/build/tmux.log" 2>&1; then
    tmux set-option -gu @kra_status
    "$dir/kra.tmux"
    say_when_attached 'kra: built and ready'
  else
    tmux set-option -g @kra_status 'kra: no program'
    say_when_attached "kra: could not be built, see $dir/build/tmux.log"
  fi
}

what=${1:-}
[ $# -eq 0 ] || shift
case $what in
menu | popup | show | start | build) "$what" "$@" ;;
save | undo) run "$what" ;;
pin) run pin "$2" ;;
*) echo 'usage: menu.sh menu|save|undo|pin|popup WHAT CLIENT PANE, show WHAT, start, build' >&2 && exit 2 ;;
esac
