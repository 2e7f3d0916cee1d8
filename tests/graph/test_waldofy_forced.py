"""`doit waldofy force_recompute=1`: sorted again, though nothing changed; and nothing else is made for it."""

from __future__ import annotations

from project import Project


def test_the_package_is_sorted_again_and_no_table_is_made_for_it(built: Project) -> None:
    course, other = built.courses[:2]
    files = {path: path.read_bytes() for path in (built.folder / "SQL").rglob("*.csv.gz")}
    assert built.doit(f"waldofy:{course}").built == set()
    assert built.doit(f"waldofy:{course}", "force_recompute=1").built == {f"waldofy:{course}"}
    whole = built.doit("waldofy", "force_recompute=1")
    assert whole.built == {f"waldofy:{course}", f"waldofy:{other}", "waldofy:rest"}
    assert {path: path.read_bytes() for path in files} == files
    assert built.doit(f"make_uic:{course}").built == set()
    # To force a table is not to force the package that its files come from.
    assert built.doit(f"make_uic:{course}", "force_recompute=1").built == {f"user_info_combo:{course}"}


def test_what_belongs_to_no_known_course_is_a_task_of_its_own(built: Project) -> None:
    assert built.doit("waldofy:rest").built == {"waldofy:rest"}
    assert list((built.folder / "SQL" / "EDGE").rglob("*.csv.gz"))
    assert built.doit("waldofy:rest").built == set()
