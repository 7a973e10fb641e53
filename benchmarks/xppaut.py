"""Run Debian's XPPAUT without its windows: over a range of a parameter, or from many starts."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from measuring import Array, Time

COMMAND = "xppaut"


def present() -> bool:
    """Whether XPPAUT is installed."""
    return shutil.which(COMMAND) is not None


def run(folder: str, text: str, *options: str) -> str:
    """Run a file in a folder in silent mode; give what is written to the terminal."""
    Path(folder, "system.ode").write_text(text)
    return subprocess.run(
        [COMMAND, "system.ode", "-silent", *options],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    ).stdout


def version() -> str:
    """Give XPPAUT's version, as it says itself."""
    with tempfile.TemporaryDirectory() as folder:
        said = run(folder, "x'=-x\ndone\n")
    return re.search(r"XPPAUT (\S+)", said).group(1)  # type: ignore[union-attr]


def integrate_from(
    equations: Sequence[str],
    parameters: Mapping[str, float],
    starts: Sequence[Mapping[str, float]],
    options: str,
) -> list[Array]:
    """Integrate from many starts in one call, each a named set of the file.

    Parameters
    ----------
    equations : sequence of str
        In XPPAUT's language.
    starts : sequence of mapping
        Values of the variables.
    options : str
        What follows ``@``.

    Returns
    -------
    list of ndarray, shape (k, 1 + n)
        Time and state, the rows that XPPAUT writes, for each start.
    """
    lines = list(equations)
    lines += [f"par {name}={value:.17g}" for name, value in parameters.items()]
    lines.append(f"@ {options}")
    for number, start in enumerate(starts):
        values = ",".join(f"{name}={value:.17g}" for name, value in start.items())
        lines.append(f"set s{number} {{{values}}}")
    with tempfile.TemporaryDirectory() as folder:
        run(folder, "\n".join([*lines, "done", ""]))
        return [
            np.fromstring(text, sep=" ").reshape(-1, 1 + len(starts[0]))
            for text in (Path(folder, f"s{k}.dat").read_text() for k in range(len(starts)))
        ]


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
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run(folder, text, "-outfile", "maxima")
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        maxima = np.full((len(values), most), np.nan)
        for path in Path(folder).glob("maxima.*"):
            number = int(re.search(r"\d+$", path.name).group())  # type: ignore[union-attr]
            rows = np.loadtxt(path, ndmin=2)
            found = rows[:most, 1] if rows.size else rows[:0, 0]
            maxima[number, : len(found)] = found
    return maxima, Time(cpu, wall)
