# shellcheck shell=sh
# Keys, all after the prefix. Only the menu has a default, and only where nobody else has that key.

kra_bind_keys() {
  case $KRA_MENU_KEY in
  off | none) ;;
  '') case $KRA_TAKEN in '' | *@kra_dir*) kra_bind K menu ;; esac ;;
  *) kra_bind "$KRA_MENU_KEY" menu ;;
  esac
  [ -z "$KRA_SAVE_KEY" ] || kra_bind "$KRA_SAVE_KEY" save
  [ -z "$KRA_RESTORE_KEY" ] || kra_bind "$KRA_RESTORE_KEY" popup restore
  [ -z "$KRA_PIN_KEY" ] || kra_bind "$KRA_PIN_KEY" pin
}

# KEY, then the words for menu.sh. Ids only: no name of anybody's stands in a binding.
kra_bind() {
  kra_quote "$1"
  shift
  printf '%s\n' "bind-key $KRA_WORD run-shell -b \"#{q:@kra_dir}/tmux/menu.sh $* #{q:client_name} #{q:pane_id}\""
}
