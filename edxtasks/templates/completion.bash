# Completion of edxtasks, and of doit in a folder with its dodo.py, for bash.
# Install: add to ~/.bashrc
#     source <(edxtasks completion bash)
_edxtasks_complete() {
    local line=${COMP_LINE:0:COMP_POINT} word breaks before candidate
    local -a words
    read -ra words <<< "$line"
    if [[ $line == *[[:space:]] ]]; then words+=(""); fi
    word=${words[-1]}
    # Where : and = part words for bash, it keeps what stands before the last of them.
    breaks=${COMP_WORDBREAKS//[^:=]/}
    before=""
    if [[ -n $breaks ]]; then before=${word%"${word##*[$breaks]}"}; fi
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("${candidate#"$before"}")
    done < <($python -P -m edxtasks.complete "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o default -F _edxtasks_complete edxtasks doit
