# kra in zsh: tells the daemon when this shell changes its directory, and starts the program of a restored pane as a job of this shell.
# Source it, or: eval "$(kra init zsh)". Silent; loading it again does nothing; outside tmux and with KRA_DISABLE=1 neither does the first time.
# No `return` here: under eval it would end the file that says eval.
if [[ -o interactive && -n ${TMUX-} && -n ${TMUX_PANE-} && ${KRA_DISABLE:-0} == 0 && ${__kra_shell-} != $$ ]]; then

# Not exported, so that a shell started from this one loads for itself; KRA_SHELL is what a save finds in the environment of our children.
typeset -g __kra_shell=$$ __kra_bin=${__kra_bin-} __kra_ours= __kra_pwd=$PWD
export KRA_SHELL=$$

# The program: KRA_BIN, what `kra init` wrote in front of this text, build/ beside this file, else the one on PATH.
__kra_start() {
  emulate -L zsh
  [[ -n ${KRA_BIN-} ]] && __kra_bin=$KRA_BIN
  [[ -z $__kra_bin && -x $1/build/kra ]] && __kra_bin=$1/build/kra
  : ${__kra_bin:=kra}

  # Where the daemon listens, as doc/protocol.md says. Names of directories go to nobody else's socket.
  local -a private
  typeset -g __kra_socket=${KRA_RUNTIME_DIR-}
  if [[ $__kra_socket != /* ]]; then
    [[ ${XDG_RUNTIME_DIR-} == /* ]] && private=(${XDG_RUNTIME_DIR}(N/Uf:go-rwx:))
    __kra_socket=${private:+$XDG_RUNTIME_DIR/kra}
    : ${__kra_socket:=/tmp/kra-$EUID}
  fi
  __kra_socket+=/kra.sock

  # [2, "event", [{source: "cwd", server: …, args: [pane, pid, …]}]] up to the bytes of the directory's length, in MessagePack.
  local REPLY
  typeset -g __kra_message=$'\x93\x02\xa5event\x91\x83\xa6source\xa3cwd\xa6server'
  __kra_text ${TMUX%,*,*}; __kra_message+=$REPLY$'\xa4args\x93'
  __kra_text $TMUX_PANE; __kra_message+=$REPLY
  __kra_text $$; __kra_message+=$REPLY$'\xda'

  # Loaded by the first use.
  zmodload -ab zsh/net/socket zsocket
  zmodload -ab zsh/system syswrite
  typeset -ga chpwd_functions
  (( ${chpwd_functions[(I)__kra_cwd]} )) || chpwd_functions+=(__kra_cwd)

  if [[ -n ${KRA_RESTORE-} && $KRA_RESTORE != *[^A-Za-z0-9_./%-]* ]]; then
    typeset -g __kra_job=$KRA_RESTORE
    typeset -ga precmd_functions
    precmd_functions+=(__kra_prompt)
  fi
  unset KRA_RESTORE
}

# $1 as a MessagePack text, in REPLY. Lengths are bytes whatever the locale, and two of them whatever the length.
__kra_text() {
  setopt local_options no_multibyte
  REPLY=$'\xda'${(#):-$(( $#1 >> 8 ))}${(#):-$(( $#1 & 255 ))}$1
}

__kra_cwd() {
  # `(cd there && make)` moves a copy of this shell.
  (( ZSH_SUBSHELL )) && return
  [[ $PWD == "$__kra_pwd" ]] && return
  __kra_pwd=$PWD
  # As __kra_text has it; a call takes a fifth of the time of all this.
  emulate -L zsh -o no_multibyte
  local REPLY text=$__kra_message${(#):-$(( $#PWD >> 8 ))}${(#):-$(( $#PWD & 255 ))}$PWD
  if [[ -n $__kra_ours || -O ${__kra_socket:h} ]]; then
    __kra_ours=1
    zsocket $__kra_socket && { syswrite -o $REPLY -- $text; exec {REPLY}>&-; return; }
  fi 2>/dev/null
  # Nobody listens: this starts a daemon. The subshell keeps $! and the jobs as they are.
  ( $__kra_bin event cwd $TMUX_PANE $$ $PWD </dev/null >/dev/null 2>&1 & )
}

# The first prompt of a restored pane: its program becomes a job of this shell, as if it had been typed. The line holds an id only,
# and stays out of the history.
__kra_prompt() {
  emulate -L zsh
  precmd_functions=(${precmd_functions:#__kra_prompt})
  autoload -Uz add-zle-hook-widget add-zsh-hook
  zle -N __kra_line
  add-zle-hook-widget line-init __kra_line
  add-zsh-hook zshaddhistory __kra_history
}
__kra_line() {
  emulate -L zsh
  add-zle-hook-widget -d line-init __kra_line
  BUFFER="${(q)__kra_bin} exec --job $__kra_job"
  zle .accept-line
}
__kra_history() {
  emulate -L zsh
  add-zsh-hook -d zshaddhistory __kra_history
  unset __kra_job
  return 1
}

__kra_start "${__kra_bin:-${${(%):-%x}:A:h:h}}"
unfunction __kra_start

fi
