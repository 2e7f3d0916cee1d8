"""Course content: what is made from the course export (OLX) and from the course listings file.

The way of the data: `archive` reads the text files of the export into memory, `policy` chooses the run and
its settings, `expansion` puts the scattered descriptors together into one tree, `bundle` holds that tree
with its policies, and the tables are made from it (docs/course-content.md).
"""
