# kra in bash: tells the daemon when this shell changes its directory, and starts the program of a restored pane as a job of this shell.
# Source it, or: eval "$(kra init bash)". Silent; loading it again does nothing; outside tmux and with KRA_DISABLE=1 neither does the first time.
# An unchanged directory costs one comparison at the prompt, a changed one two forks and one exec, which nobody waits for.
# No `return` here: under eval it would end the file that says eval.
if [[ $- == *i* && -n ${TMUX-} && -n ${TMUX_PANE-} && ${KRA_DISABLE:-0} == 0 && ${__kra_shell-} != "$$" ]]; then

# Not exported, so that a shell started from this one loads for itself; KRA_SHELL is what a save finds in the environment of our children.
__kra_shell=$$
export KRA_SHELL=$$
__kra_pwd=$PWD

# The program: KRA_BIN, what `kra init` wrote in front of this text, build/ beside this file, else the one on PATH.
[[ -z ${KRA_BIN-} ]] || __kra_bin=$KRA_BIN
if [[ -z ${__kra_bin-} ]]; then
  __kra_bin=${BASH_SOURCE[0]-}
  [[ $__kra_bin == /* ]] || __kra_bin=$PWD/$__kra_bin
  __kra_bin=${__kra_bin%/*}/../build/kra
  [[ -x $__kra_bin ]] || __kra_bin=kra
fi

# What a restored pane is to run becomes a job of this shell at its first prompt.
unset -v __kra_job
[[ -z ${KRA_RESTORE-} || $KRA_RESTORE == *[!A-Za-z0-9_./%-]* ]] || __kra_job=$KRA_RESTORE
unset -v KRA_RESTORE

__kra_prompt() {
  local status=$? job=${__kra_job-}
  if [[ $PWD != "$__kra_pwd" ]]; then
    __kra_pwd=$PWD
    # In a subshell, so that $! and the job table stay as they are.
    ( "$__kra_bin" event cwd "$TMUX_PANE" "$$" "$PWD" </dev/null >/dev/null 2>&1 & )
  fi
  if [[ -n $job ]]; then
    unset -v __kra_job
    # Spelled out, because that is what `jobs` shows.
    printf -v job '%q exec --job %s' "$__kra_bin" "$job"
    eval "$job"
  fi
  return "$status"
}

# Appended, so that what is there runs first and finds $? and PIPESTATUS untouched. Before 5.1 bash runs no more than one text.
if [[ " ${PROMPT_COMMAND[*]-} " != *__kra_prompt* ]]; then
  if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501 )) && [[ -n ${PROMPT_COMMAND[*]-} && ${PROMPT_COMMAND[*]@a} == *a* ]]; then
    PROMPT_COMMAND+=(__kra_prompt)
  else
    # shellcheck disable=SC2178,SC2128 # a text, or the only element that an old bash runs
    PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__kra_prompt
  fi
fi

fi
