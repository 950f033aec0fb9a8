#!/bin/sh
# kra for tmux: hooks that wake it, keys, a menu. TPM runs this file, and so does a line `run-shell /path/to/kra.tmux`. It may run again at
# any time. One tmux client reads all that it needs, a second one writes; nothing here waits for anything else.
case $0 in
/*) KRA_DIR=${0%/*} ;;
*) KRA_DIR=$(cd "$(dirname "$0")" && pwd -P) || exit 0 ;;
esac
# shellcheck source=tmux/options.sh
. "$KRA_DIR/tmux/options.sh"
# shellcheck source=tmux/hooks.sh
. "$KRA_DIR/tmux/hooks.sh"
# shellcheck source=tmux/keys.sh
. "$KRA_DIR/tmux/keys.sh"

kra_read_options || exit 0
if kra_find_program; then
  {
    kra_keep_settings
    kra_install_hooks
    kra_bind_keys
    kra_start_jobs
  } | tmux source-file - >/dev/null 2>&1
else
  # Building takes a minute: in the background, and said.
  tmux set-option -g @kra_status 'kra: no program' \; set-option -g @kra_dir "$KRA_DIR" \; \
    run-shell -b '#{q:@kra_dir}/tmux/menu.sh build' >/dev/null 2>&1
fi
exit 0
