"""Run Debian's XPPAUT without its windows, over a range of a parameter."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import Array, Time

COMMAND = "xppaut"


def present() -> bool:
    """Whether XPPAUT is installed."""
    return shutil.which(COMMAND) is not None


def sweep_maxima(
    equations: str, start: str, parameter: str, values: Array, span: float, step: float, most: int
) -> tuple[Array, Time]:
    """Find the maxima of x by the Runge-Kutta method of order 4 with a fixed step.

    Parameters
    ----------
    equations, start : str
        Lines of XPPAUT's language; the start in the form ``x=1,y=1``.
    parameter : str
        Name of the parameter.
    values : ndarray, shape (m,)
        Its values, evenly spaced.
    span, step : float
        Time and step.
    most : int
        Maxima kept of each run.

    Returns
    -------
    maxima : ndarray, shape (m, most)
        NaN where there are fewer.
    taken : Time
        Time of XPPAUT, its reading and writing of files included.
    """
    low, high = (format(float(value), ".17g") for value in (values[0], values[-1]))
    text = "\n".join(
        [
            equations,
            f"par {parameter}={low}",
            f"init {start}",
            f"@ total={span},dt={step:.17g},meth=rk4,bounds=1e9,maxstor={10 * most}",
            "@ poimap=maxmin,poivar=x,poipln=0,poisgn=1",
            f"@ range=1,rangeover={parameter},rangestep={len(values) - 1}",
            f"@ rangelow={low},rangehigh={high},rangereset=yes",
            "done",
            "",
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "system.ode").write_text(text)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [COMMAND, "system.ode", "-silent", "-outfile", "maxima"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=600,
        )
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        maxima = np.full((len(values), most), np.nan)
        for path in Path(folder).glob("maxima.*"):
            number = int(re.search(r"\d+$", path.name).group())  # type: ignore[union-attr]
            rows = np.loadtxt(path, ndmin=2)
            found = rows[:most, 1] if rows.size else rows[:0, 0]
            maxima[number, : len(found)] = found
    return maxima, Time(cpu, wall)
