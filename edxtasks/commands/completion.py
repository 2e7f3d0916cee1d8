"""`edxtasks completion SHELL`: the script with which a shell completes tasks, courses and options."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.config import Settings
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, nearest

SHELLS = ("bash", "zsh", "fish")


class Completion(DataCommand):
    """Print the script for one of `SHELLS`."""

    name = "completion"
    doc_purpose = "print the script for completion in bash, zsh or fish"
    doc_usage = "bash|zsh|fish"
    doc_description = (
        "Completes tasks, courses, commands and options of edxtasks, and of doit where dodo.py is its. "
        "To install it, add a line to the file that your shell reads when it starts: "
        "source <(edxtasks completion bash) to ~/.bashrc, source <(edxtasks completion zsh) to ~/.zshrc, "
        "edxtasks completion fish | source to ~/.config/fish/config.fish"
    )
    takes_words = 1

    def _request(self, given: Mapping[str, Any], words: Sequence[str]) -> Request:
        """No configuration is read: the script is the same for all."""
        self._variables()
        if len(words) != 1 or words[0] not in SHELLS:
            found = f'found "{shorten(words[0])}"{nearest(words[0], SHELLS)}' if words else "found none"
            raise SettingsError(f"expected one of {', '.join(SHELLS)}, {found}")
        return Request(Settings(), (), tuple(words), {})

    def perform(self, request: Request) -> int:
        """Print it. It names the Python that edxtasks is installed in."""
        template = files("edxtasks.templates").joinpath(f"completion.{request.words[0]}")
        text = template.read_text(encoding="utf-8")
        print(text.replace("$python", shlex.quote(sys.executable)), end="")
        return 0
