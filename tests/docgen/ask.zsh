# Prints what zsh offers behind the words of $1, with the completion function in the working folder.
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner "PROMPT=; stty -echo; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w inner "bindkey '^I' complete-word; begin() { print -r -- '<begin>' }; finish() { print -r -- '<end>'; exit }"
zpty -w inner "compprefuncs=(begin); comppostfuncs=(finish)"
zpty -w inner 'compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
    typeset -a hits; builtin compadd -A hits "$@"; (( $#hits )) && print -rl -- ">"${^hits}; return 0
}'
zpty -w inner "print ready"
while zpty -r inner line; do [[ $line == ready* ]] && break; done
zpty -w -n inner "$1"$'\t'
while zpty -r inner line; do
    line=${line%%[$'\r\n']*}
    [[ $line == *'<end>'* ]] && break
    [[ $line == '>'* ]] && print -r -- "${line#>}"
done
zpty -d inner
