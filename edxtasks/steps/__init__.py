"""Steps: what stands behind the tasks. How one looks and works, the worker processes, and how a task
that makes no table of the registry says what it is. No task by its name."""
