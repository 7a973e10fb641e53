"""Durable jobs: a queue in the archive, and the executor that empties it.

The row is the truth. It is committed before anything else happens, and it always ends:
finished, failed or cancelled, with the reason on it. Nothing here knows what a job computes;
a task is the name of a function, ``module:function``, that the executor calls with
``(set_progress, row_id)``.

Nothing is imported here, so that the executor can take its lock before anything heavy loads.
"""
