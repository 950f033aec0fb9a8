# shellcheck shell=sh disable=SC2034 # what is read here is used by the files beside this one
# All that kra.tmux wants to know, in one tmux client: the user's @kra-* options, what runs already, and which keys are taken.

kra_read_options() {
  kra_answer=$(tmux display-message -p '#{@kra-menu-key}
#{@kra-save-key}
#{@kra-restore-key}
#{@kra-autosave}
#{@kra-restore-on-start}
#{@kra-scrollback}
#{@kra-programs}
#{@kra_watch}
#{@kra_dir}
#{start_time}' \; list-keys -T prefix 2>/dev/null) || return 1
  {
    IFS= read -r KRA_MENU_KEY
    IFS= read -r KRA_SAVE_KEY
    IFS= read -r KRA_RESTORE_KEY
    IFS= read -r KRA_AUTOSAVE
    IFS= read -r KRA_ON_START
    IFS= read -r KRA_SCROLLBACK
    IFS= read -r KRA_PROGRAMS
    IFS= read -r KRA_WATCH
    IFS= read -r KRA_LOADED
    IFS= read -r KRA_START_TIME
    KRA_TAKEN=
    while IFS= read -r kra_line; do kra_read_key "$kra_line"; done
  } <<EOF_ANSWER
$kra_answer
EOF_ANSWER
}

# The line of list-keys for the menu's default key, when there is one.
kra_read_key() {
  kra_rest=${1#* -T prefix }
  while [ "${kra_rest# }" != "$kra_rest" ]; do kra_rest=${kra_rest# }; done
  case $kra_rest in "K "*) KRA_TAKEN=$kra_rest ;; esac
}

# KRA_BIN, else PATH, else what was built here, else where lazy.nvim keeps the plugin.
kra_find_program() {
  kra_lazy=${XDG_DATA_HOME:-$HOME/.local/share}/${NVIM_APPNAME:-nvim}/lazy
  for KRA_PROGRAM in "${KRA_BIN:-}" "$(command -v kra)" "$KRA_DIR/build/kra" "$kra_lazy/kra/build/kra" "$kra_lazy/kra.nvim/build/kra"; do
    case $KRA_PROGRAM in /*) [ -f "$KRA_PROGRAM" ] && [ -x "$KRA_PROGRAM" ] && return 0 ;; esac
  done
  return 1
}

# One word of a tmux command file: single quotes keep everything but a single quote.
kra_quoted() {
  kra_rest=$1 kra_word=
  while case $kra_rest in *\'*) ;; *) false ;; esac do
    kra_word="$kra_word${kra_rest%%\'*}'\\''"
    kra_rest=${kra_rest#*\'}
  done
  printf "'%s%s'" "$kra_word" "$kra_rest"
}

# Where the rest finds kra: commands and key bindings name these options, never the paths, which may hold anything.
# The settings of this server reach kra's commands through the environment of its panes and jobs.
kra_keep_settings() {
  echo "set-option -g @kra_bin $(kra_quoted "$KRA_PROGRAM")"
  echo "set-option -g @kra_dir $(kra_quoted "$KRA_DIR")"
  kra_keep_flag KRA_AUTOSAVE_ACTIVE "$KRA_AUTOSAVE"
  kra_keep_flag KRA_RESTORE_SCROLLBACK "$KRA_SCROLLBACK"
  [ -z "$KRA_PROGRAMS" ] || echo "set-environment -g KRA_RESTORE_PROGRAMS $(kra_quoted "$(kra_commas "$KRA_PROGRAMS")")"
}

kra_keep_flag() {
  case $2 in
  on | off | true | false | yes | no) echo "set-environment -g $1 $2" ;;
  1) echo "set-environment -g $1 on" ;;
  0) echo "set-environment -g $1 off" ;;
  esac
}

# "nvim less" and "nvim, less" are both lists.
kra_commas() {
  kra_list=
  set -f
  # shellcheck disable=SC2046 # split on purpose
  for kra_word in $(printf '%s' "$1" | tr ',' ' '); do kra_list=${kra_list:+$kra_list,}$kra_word; done
  set +f
  printf '%s' "$kra_list"
}
