"""Runs batches of one field: by machine code, or by numpy where there is none yet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.fallback import ArrayField, integrate_arrays
from eqpp_dash.engine.machine.kernel import USUAL
from eqpp_dash.engine.machine.kernels import Kernels
from eqpp_dash.engine.machine.layout import Variant
from eqpp_dash.engine.machine.switching import run_method
from eqpp_dash.engine.machine.threads import Watch, run_kernel


class Runner:
    """Integrates batches of one field; to be closed, which frees its machine code.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables, parameters : sequence of str
        Names, in order.
    sections : sequence of Node
        Sections whose crossings may be looked for.
    folder : Path, optional
        Where object code is kept between processes.
    wait, machine : bool
        Whether to wait for machine code, and whether to make any.
    first : Variant
        What is compiled at once.
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        sections: Sequence[Node] = (),
        *,
        folder: Path | None = None,
        wait: bool = True,
        machine: bool = True,
        first: Variant = USUAL,
    ) -> None:
        self._system = components, variables, parameters
        self._sections = sections
        self._kernels = Kernels(
            *self._system,
            sections=sections,
            folder=folder,
            wait=wait,
            machine=machine,
            first=first,
        )

    @property
    def ready(self) -> bool:
        """Whether there is machine code."""
        return self._kernels.ready

    @property
    def trouble(self) -> str:
        """Why there is no machine code where some was wanted; empty if there is no reason."""
        return self._kernels.trouble

    def prepare(self) -> None:
        """Have code for long work from now on."""
        self._kernels.prepare()

    def close(self) -> None:
        """Free the machine code, after the calls that are under way."""
        self._kernels.close()

    def run(
        self, method: str, batch: Batch, watch: Watch, threads: int | None = None
    ) -> NDArray[np.int8]:
        """Integrate a batch; give the `Method` that finished each trajectory."""
        run = partial(self._run, threads)
        return run_method(method, batch, watch, run, machine=self._kernels.ready)

    def _run(self, threads: int | None, batch: Batch, variant: Variant, watch: Watch) -> None:
        with self._kernels.use(variant) as kernel:
            if kernel is not None:
                run_kernel(kernel, batch, watch, threads)
            else:
                count = max(1, batch.spans.size)
                integrate_arrays(
                    self.field,
                    batch,
                    variant,
                    stop=watch.cancelled,
                    report=lambda ended: watch.report(ended / count),
                )

    @cached_property
    def field(self) -> ArrayField:
        """The field and its sections in numpy."""
        return ArrayField(*self._system, self._sections)
