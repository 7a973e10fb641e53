"""Tasks for tests of the executor: well-behaved ones, and every way to go wrong."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from eqpp_dash.jobs.records import Outcome


def quick(set_progress, row_id):
    """Report once and return."""
    set_progress(("work", 0.5, "half way"))
    return {"row": row_id}


def seconds(set_progress, row_id):
    """Work for about a second, reporting."""
    for step in range(20):
        set_progress(("work", step / 20, f"step {step}"))
        time.sleep(0.05)
    return {"row": row_id}


def silent(set_progress, row_id):
    """Work for a minute without a report, in code that ignores polite signals."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sum(range(1000))


def deaf(set_progress, row_id):
    """Report for a minute, and swallow whatever the reports raise."""
    for step in range(1200):
        with contextlib.suppress(BaseException):
            set_progress(("work", step / 1200, ""))
        time.sleep(0.05)


def raises(set_progress, row_id):
    """Raise from a few calls down."""
    np.testing.assert_equal(1, 1)
    _deeper()


def _deeper():
    raise ArithmeticError("the engine broke here")


def hungry(set_progress, row_id):
    """Ask for more memory than there is."""
    return len(bytearray(1 << 62))


def leaves(set_progress, row_id):
    """Leave as scripts do."""
    sys.exit(3)


def leaves_hard(set_progress, row_id):
    """Leave without a word."""
    os._exit(5)


def dies(set_progress, row_id):
    """Die of a segmentation fault."""
    os.kill(os.getpid(), signal.SIGSEGV)


def dies_once(set_progress, row_id):
    """Be killed at the first attempt, work at the second."""
    mark = Path(os.environ["EQPP_DATA_DIR"], f"{row_id}.mark")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "second try"


def unspeakable(set_progress, row_id):
    """Return what cannot be kept."""
    return {"lambda": lambda: None}


def bad_writer(set_progress, row_id):
    """Give a writer that fails."""

    def write(connection, row):
        connection.exec_driver_sql("INSERT INTO links VALUES ('half', 's', 1)")
        raise RuntimeError("the writer broke")

    return Outcome("value", write)


def leaves_children(set_progress, row_id):
    """Leave a child behind."""
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    return pid


def counts(set_progress, row_id):
    """Count how many tasks run at once, and how often this one ran."""
    folder = Path(os.environ["EQPP_DATA_DIR"], "count")
    folder.mkdir(exist_ok=True)
    (folder / f"run-{row_id}-{os.getpid()}").touch()
    here = folder / f"now-{os.getpid()}"
    here.touch()
    at_once = len(list(folder.glob("now-*")))
    (folder / f"most-{at_once}").touch()
    here.unlink()
    return at_once


not_a_function = 3
