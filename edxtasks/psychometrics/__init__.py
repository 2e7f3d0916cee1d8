"""Item response theory: graded response models from answers, and what they say about learners.

Pure functions over arrays. The modules beside `numerics` need NumPy, SciPy and threadpoolctl, which come with
the extra `edxtasks[irt]`: whoever imports them calls `numerics.require` first.
"""
