# shellcheck shell=sh disable=SC2034 # what is read here is used by the files beside this one
# All that kra.tmux wants to know, in one tmux client: the user's @kra-* options, what runs already, and which keys are taken.

kra_read_options() {
  kra_answer=$(tmux display-message -p '#{@kra-menu-key}
#{@kra-save-key}
#{@kra-restore-key}
#{@kra-pin-key}
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
    IFS= read -r KRA_PIN_KEY
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

# KRA_BIN, else PATH, else what was built here, else where lazy.nvim keeps the plugin: in KRA_PROGRAM.
kra_find_program() {
  kra_lazy=${XDG_DATA_HOME:-$HOME/.local/share}/${NVIM_APPNAME:-nvim}/lazy
  kra_is_program "${KRA_BIN:-}" || kra_is_program "$(command -v kra)" || kra_is_program "$KRA_DIR/build/kra" ||
    kra_is_program "$kra_lazy/kra/build/kra" || kra_is_program "$kra_lazy/kra.nvim/build/kra"
}

kra_is_program() {
  KRA_PROGRAM=$1
  case $1 in /*) [ -f "$1" ] && [ -x "$1" ] ;; *) return 1 ;; esac
}

# One word of a tmux command file, in KRA_WORD: single quotes keep everything but a single quote.
kra_quote() {
  kra_rest=$1 KRA_WORD="'"
  while case $kra_rest in *\'*) ;; *) false ;; esac do
    KRA_WORD="$KRA_WORD${kra_rest%%\'*}'\\''"
    kra_rest=${kra_rest#*\'}
  done
  KRA_WORD="$KRA_WORD$kra_rest'"
}

# Where the rest finds kra: commands and key bindings name these options, never the paths, which may hold anything.
# The settings of this server reach commands and editors in it through the environment of its panes and jobs; a save asks tmux itself.
kra_keep_settings() {
  kra_quote "$KRA_PROGRAM" && printf 'set-option -g @kra_bin %s\n' "$KRA_WORD"
  kra_quote "$KRA_DIR" && printf 'set-option -g @kra_dir %s\n' "$KRA_WORD"
  kra_keep_flag KRA_SERVER_AUTOSAVE_ACTIVE "$KRA_AUTOSAVE"
  kra_keep_flag KRA_SERVER_RESTORE_SCROLLBACK "$KRA_SCROLLBACK"
  [ -z "$KRA_PROGRAMS" ] || kra_keep_programs
}

kra_keep_flag() {
  case $2 in
  on | off | true | false | yes | no) echo "set-environment -g $1 $2" ;;
  1) echo "set-environment -g $1 on" ;;
  0) echo "set-environment -g $1 off" ;;
  esac
}

# "nvim less" and "nvim, less" are both lists.
kra_keep_programs() {
  kra_list=
  set -f
  IFS=', '
  for kra_word in $KRA_PROGRAMS; do kra_list=${kra_list:+$kra_list,}$kra_word; done
  unset IFS
  set +f
  kra_quote "$kra_list" && printf 'set-environment -g KRA_SERVER_RESTORE_PROGRAMS %s\n' "$KRA_WORD"
}
