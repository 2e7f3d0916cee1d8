# Completion of edxtasks, and of doit in a folder with its dodo.py, for fish.
# Install: add to ~/.config/fish/config.fish
#     edxtasks completion fish | source
function __edxtasks_complete
    set -l current (commandline -ct)
    set -l found ($python -P -m edxtasks.complete (commandline -opc) "$current" 2>/dev/null)
    if test (count $found) -eq 0
        __fish_complete_path "$current"
    else
        printf '%s\n' $found
    end
end
complete -c edxtasks -f -a '(__edxtasks_complete)'
complete -c doit -f -a '(__edxtasks_complete)'
