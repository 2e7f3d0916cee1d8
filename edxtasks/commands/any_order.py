"""How options are read: anywhere on the line."""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from typing import Any

from doit.cmdparse import CmdOption, CmdParse, CmdParseError

from edxtasks.errors import nearest


class AnyOrder(CmdParse):  # type: ignore[misc]
    """doit's parser, with options before, between and after other words, and errors for people."""

    def __init__(self, options: Sequence[CmdOption], command: str) -> None:
        super().__init__(options)
        self._command = command

    def parse_only(
        self, in_args: Sequence[str], params: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        """Values of options, and the other words."""
        params = {} if params is None else params
        try:
            given, words = getopt.gnu_getopt(list(in_args), self.get_short(), self.get_long())
        except getopt.GetoptError as error:
            hint = nearest(error.opt, [option.long for option in self.options])
            raise CmdParseError(f"{error.msg}{hint} (doit {self._command} --help)") from None
        for name, value in given:
            option, inverse = self.get_option(name)
            if option.type is bool:
                params[option.name] = not inverse
            elif option.type is list:
                params[option.name] = [*params.get(option.name, ()), value]
            else:
                params[option.name] = option.str2type(value)
        return params, words


def options_first(words: Sequence[str], options: Sequence[CmdOption]) -> list[str]:
    """The words of a line with its options before all others, as doit wants them. A line with options that
    are not known stays as it is: what is wrong with it is told elsewhere."""
    known = CmdParse(list(options))
    try:
        given, others = getopt.gnu_getopt(list(words), known.get_short(), known.get_long())
    except getopt.GetoptError:
        return list(words)
    joined = [
        f"{name}={value}" if name.startswith("--") and value else f"{name}{value}" for name, value in given
    ]
    return [*joined, *(["--"] if "--" in words else []), *others]
