#!/bin/sh
# Takes what kra.tmux brought out of the running server: our hooks by their index, our keys, options and job. Nobody else's.
# After it, take the line out of the configuration too.

# Our hooks, as commands that unset them. Works without the program.
unhook() {
  for scope in -g -gw -gp; do
    tmux show-hooks $scope 2>/dev/null | sed -n "s/^\([a-z-]*\[187\]\) \"\{0,1\}wait-for -S kra\"\{0,1\}\$/set-hook ${scope}u '\1'/p"
  done
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
  for name in KRA_AUTOSAVE_ACTIVE KRA_RESTORE_SCROLLBACK KRA_RESTORE_PROGRAMS; do echo "set-environment -gu $name"; done
  for name in @kra_bin @kra_dir @kra_watch @kra_hooks @kra_status @kra_said; do echo "set-option -gu $name"; done
} | tmux source-file - >/dev/null 2>&1
exit 0
