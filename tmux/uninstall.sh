#!/bin/sh
# Takes what kra.tmux brought out of the running server: our hooks by their index, our keys, options and job. Nobody else's.
# After it, take the line out of the configuration too.

# Our hooks, as commands that unset them: for all, for what a lazy restore left to be filled, and where one of the user's own stood
# before ours. Works without the program.
unhook() {
  for scope in -g -gw -gp; do
    tmux show-hooks $scope 2>/dev/null | unset_ours "${scope}u"
  done
  tmux show-hooks -g 2>/dev/null | sed -n "s/^\([a-z-]*\[188\]\) .*@kra_program.*/set-hook -gu '\1'/p"
  tmux list-sessions -F '#{session_id}' 2>/dev/null | unhook_each ''
  tmux list-windows -a -F '#{window_id}' 2>/dev/null | sort -u | unhook_each w
  tmux list-panes -a -F '#{pane_id}' 2>/dev/null | sort -u | unhook_each p
}

unhook_each() { # SCOPE: for the ids of the input
  while IFS= read -r id; do
    tmux show-hooks ${1:+"-$1"} -t "$id" 2>/dev/null </dev/null | unset_ours "-u$1 -t '$id'"
  done
}

unset_ours() { # WHERE
  sed -n "s/^\([a-z-]*\[187\]\) \"\{0,1\}wait-for -S kra\"\{0,1\}\$/set-hook $1 '\1'/p"
}

# Keys whose command names our directory's option.
unbind() {
  tmux list-keys -T prefix 2>/dev/null | grep -F '@kra_dir' | while IFS= read -r line; do
    key=${line#* -T prefix }
    while [ "${key# }" != "$key" ]; do key=${key# }; done
    echo "unbind-key -T prefix ${key%% *}"
  done
}

watch=$(tmux show-options -gqv @kra_watch)
case $watch in
'' | *[!0-9]*) ;;
*) [ "$(cat "/proc/$watch/comm" 2>/dev/null)" != kra ] || kill "$watch" ;;
esac
{
  unhook
  unbind
  for name in KRA_SERVER_AUTOSAVE_ACTIVE KRA_SERVER_RESTORE_SCROLLBACK KRA_SERVER_RESTORE_PROGRAMS; do echo "set-environment -gu $name"; done
  for name in @kra_bin @kra_dir @kra_watch @kra_hooks @kra_status @kra_said @kra_program @kra_active @kra_last @kra_restoring; do echo "set-option -gu $name"; done
} | tmux source-file - >/dev/null 2>&1
exit 0
