"""Without the extra `edxtasks[irt]` there is one clear line, and no traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edxtasks.errors import UserError
from edxtasks.psychometrics import numerics


def test_a_library_that_is_missing_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numerics, "LIBRARIES", ("json", "no_such_library_of_numbers"))
    with pytest.raises(UserError) as error:
        numerics.require("item_irt_grm")
    assert str(error.value) == (
        "item_irt_grm needs no_such_library_of_numbers, which is not installed: pip install 'edxtasks[irt]'"
    )


def test_the_question_loads_no_library() -> None:
    question = (
        "import sys; from edxtasks.psychometrics import numerics; numerics.find_spec('numpy');"
        "sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", question], check=False).returncode == 0
