"""What callers may choose for an integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

Value = float | int | str | NDArray[np.float64]


class Options(TypedDict, total=False):
    """Options of an integration, all with usual values.

    Parameters
    ----------
    method : str
        ``DOP853``, the usual one, explicit; ``Rodas5P``, for stiff systems; ``Radau``, for these
        at tolerances below 1e-10; ``auto``, which begins with the first and goes on with one of
        the others where that turns out to be stiff: see `switching.run_method`.
    parameters : mapping of str to float, str or ndarray of shape (m,)
        Values; those left out take their usual ones.
    rtol, atol : float or array_like, shape (n,)
        Tolerated error of a step: ``atol + rtol*abs(y)``, for each component; 1e-8.
    box : array_like, shape (n, 2)
        Bounds; a trajectory ends with its first state outside. May be infinite.
    max_steps : int
        Most steps tried for each trajectory, by each method; 100,000.
    start_time : float
        Time of the starts; 0.
    cancel : callable
        Asked about every 20 ms from the calling thread; once it gives True, trajectories
        that have not ended end as cancelled, within 100 ms.
    progress : callable
        Told as often the share of trajectories that have ended. An exception from it
        stops everything and is passed on.
    max_switchings : int
        Most surfaces, where the field jumps or has a kink, that each trajectory may reach; 10,000.
    threads : int
        Threads; one for each core, if left out, but not for small batches.
    """

    method: str
    parameters: Mapping[str, Value] | None
    rtol: Any
    atol: Any
    box: Any
    max_steps: int
    start_time: float
    cancel: Callable[[], bool] | None
    progress: Callable[[float], object] | None
    max_switchings: int
    threads: int | None
