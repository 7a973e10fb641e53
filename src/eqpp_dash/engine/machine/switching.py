"""Integrates by the method that is asked for, or by the one that a trajectory turns out to need."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.batch import Batch, filled
from eqpp_dash.engine.machine.layout import STIFF, Method, Variant
from eqpp_dash.engine.machine.threads import Watch
from eqpp_dash.errors import SpecError

#: Integrates a batch.
Run = Callable[[Batch, Variant, Watch], None]

CHOICES = (*Method.__members__, "auto")
"""What a caller may ask for."""

TIGHT = 1e-10
"""Below this relative tolerance Radau needs so many steps less than Rodas5P that it is the quicker
one of them in numpy. In lanes Rodas5P is far quicker at every tolerance."""


def run_method(
    method: str, batch: Batch, watch: Watch, run: Run, *, machine: bool
) -> NDArray[np.int8]:
    """Integrate a batch.

    By ``auto``, the explicit method begins. A system counts as stiff where the spectral radius
    of its Jacobian, estimated from the stages, times the step is above 4 (stability ends at 6.1)
    at 15 accepted steps, of which six others in a row make up for all, and 100 steps or more are
    left: Hairer and Wanner, *Solving Ordinary Differential Equations II* (2nd ed., 1996), section
    IV.2. From there the trajectory is finished by Rodas5P, or by Radau if numpy computes
    and a relative tolerance is below `TIGHT`; if states at moments are wanted, it is begun again
    by that method.

    Parameters
    ----------
    method : str
        One of `CHOICES`.
    batch : Batch
        Trajectories; the results are written into it.
    watch : Watch
        Whom to ask and tell.
    run : callable
        Integrates a batch by one method.
    machine : bool
        Whether machine code computes.

    Returns
    -------
    ndarray of int8
        The `Method` that finished each trajectory.

    Raises
    ------
    SpecError
        If there is no such method.
    """
    if method not in CHOICES:
        raise SpecError(
            f"{method!s:.40} is no method", field="method", hint=f"Choose {', '.join(CHOICES)}"
        )
    count, events = batch.spans.size, batch.events
    uses = batch.samples.size > 0, events.crossing, len(events.points) > 0
    if method != "auto":
        number = Method[method]
        run(batch, _variant(number, False, *uses), watch)
        return filled(count, number, np.int8)
    run(batch, _variant(Method.DOP853, True, *uses), watch)
    methods = filled(count, Method.DOP853, np.int8)
    stiff = np.flatnonzero(batch.ends == STIFF)
    if stiff.size:
        tight = not machine and batch.relative.min() < TIGHT
        implicit = Method.Radau if tight else Method.Rodas5P
        methods[stiff] = implicit
        rest = batch.rest(stiff)
        progress = watch.progress

        def report(share: float) -> None:
            if progress is not None:
                progress(1.0 - (1.0 - share) * stiff.size / count)

        told = report if progress is not None else None
        run(rest, _variant(implicit, False, *uses), Watch(watch.cancel, told))
        batch.take(stiff, rest)
    return methods


@cache
def _variant(method: Method, watchful: bool, dense: bool, sections: bool, targets: bool) -> Variant:
    return Variant(method, dense, watchful, sections, targets)
