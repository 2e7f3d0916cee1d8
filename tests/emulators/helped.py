"""The one list of what the emulator of BigQuery is helped over, and of the road in the fake that checks it.

An emulator that is helped proves nothing about what it was helped with: each entry has a test of its own
against the fake (`test_helped.py`), which answers as the documentation says.
"""

HELPED = {
    "listing": "a listing of tables tells labels, partitioning and clustering",
    "label-removal": "a label that is patched with null goes, the others stay",
    "limits": "statements and tables over BigQuery's limits are refused (tests/fakes/rules.py)",
    "script-parameters": "a script, or a query with '', sees its parameters; a missing one is refused",
    "created-metadata": "CREATE TABLE AS keeps labels, partitioning, clustering, and descriptions of columns",
    "load-replaces": "a load that replaces a table gives it the columns of the load, and keeps its labels",
    "load-fails": "a load that fails leaves the table as it was",
    "rename": "ALTER TABLE RENAME TO renames in listings too",
    "countif-over": "COUNTIF counts over a window",
    "div-and-mod": "DIV and MOD take what their operands come to, and are operands as a whole",
    "array-offset": "OFFSET and SAFE_OFFSET count from 0, whatever the index is made of",
    "like-escape": "a backslash in the pattern of LIKE takes the meaning from the next character",
    "wildcard-columns": "a wildcard reads tables of one shape, with their columns",
}
