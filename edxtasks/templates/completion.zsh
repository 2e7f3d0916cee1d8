# Completion of edxtasks, and of doit in a folder with its dodo.py, for zsh.
# Install: add to ~/.zshrc
#     source <(edxtasks completion zsh)
_edxtasks_complete() {
    local -a found
    found=("${(@f)$($python -P -m edxtasks.complete "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    found=("${(@)found:#}")
    if (( ! ${#found} )); then
        _files
        return
    fi
    compadd -S '' -- "${(@M)found:#*[:=]}"
    compadd -- "${(@)found:#*[:=]}"
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _edxtasks_complete edxtasks doit
