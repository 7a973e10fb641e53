"""The compiled code of one system, for each use of it, compiled when first wanted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.machine import build
from eqpp_dash.engine.machine.derivatives import derivatives
from eqpp_dash.engine.machine.emitter import shared_pause
from eqpp_dash.engine.machine.kernel import USUAL, Kernel, loop_name
from eqpp_dash.engine.machine.layout import Method, Rows, Variant
from eqpp_dash.engine.machine.tiers import Tiered

MOST_OPERATIONS = 1000
"""Fields of more, with the derivatives that a stiff method needs, are left to numpy."""

_log = logging.getLogger(__name__)


class Kernels:
    """Machine code of a system; to be closed, which frees it.

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
    wait : bool
        Whether to wait until code is compiled. If not, that is done in the background.
    machine : bool
        Whether to make machine code at all.
    first : Variant
        What is compiled at once.

    Attributes
    ----------
    trouble : str
        Why there is no machine code where some was wanted; empty as long as there is no reason.
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        *,
        sections: Sequence[Node] = (),
        folder: Path | None,
        wait: bool,
        machine: bool,
        first: Variant = USUAL,
    ) -> None:
        self._first = first
        self._system = (components, variables, parameters)
        self._sections = sections
        self._folder = folder
        self._wait = wait
        self.trouble = ""
        if machine:
            self.trouble = self._too_long(USUAL) or (build.why_not() if wait else "")
        self._machine = machine and not self.trouble
        self._made: dict[Variant, Tiered] = {}
        self._patience: int | None = None
        self._tried: set[Variant] = set()
        self._making: dict[Variant, threading.Lock] = {}
        self._background: dict[Variant, threading.Thread] = {}
        self._state = threading.Condition()
        self._users = 0
        self._closed = False
        if self._machine and wait:
            self._compile(first)
        elif self._machine and self._at_hand(first):
            self._try_at_once(first)
        elif self._machine:
            self._begin(first)
            self._begin(replace(first, dense=True))
            if sections and not first.sections:
                self._begin(replace(first, sections=True))

    @property
    def ready(self) -> bool:
        """Whether the usual code is there."""
        return self._first in self._made

    @contextmanager
    def use(self, variant: Variant) -> Iterator[Tiered | None]:
        """Give the code if there is any yet; it is not freed before it is given back."""
        with self._state:
            if self._closed:
                raise ValueError("the integrator was closed")
            self._users += 1
        try:
            yield self._find(variant)
        finally:
            with self._state:
                self._users -= 1
                self._state.notify_all()

    def close(self) -> None:
        """Free the machine code, after the calls that are under way."""
        with self._state:
            self._closed = True
            threads = list(self._background.values())
        for thread in threads:
            thread.join()
        with self._state:
            self._state.wait_for(lambda: self._users == 0)
            made, self._made = list(self._made.values()), {}
        for kernel in made:
            kernel.close()

    def prepare(self) -> None:
        """Have code for long work from now on, and compile what was used so far and the usual."""
        with self._state:
            self._patience = 0
            variants = {self._first, *self._made}
        for variant in variants:
            with self.use(variant) as code:
                if code is not None:
                    code.finish()

    def _find(self, variant: Variant) -> Tiered | None:
        if not self._machine or variant.method == Method.Radau:
            return None
        made = self._made.get(variant)
        if made is not None:
            return made
        if trouble := self._too_long(variant):
            self.trouble = trouble
            return None
        if self._wait:
            return self._compile(variant)
        if self._at_hand(variant):
            self._try_at_once(variant)
        else:
            self._begin(variant)
        return self._made.get(variant)

    def _too_long(self, variant: Variant) -> str:
        """Tell, if so, that code would take too long to compile: the time grows like a square."""
        components, variables, _ = self._system
        count = len(topological(components)) + len(topological(self._sections))
        if variant.method == Method.Rodas5P and count <= MOST_OPERATIONS:
            rows, drift = derivatives(components, variables)
            count += len(topological([*chain.from_iterable(rows), *drift]))
        if count <= MOST_OPERATIONS:
            return ""
        return f"{count} operations are too many to compile at once; at most {MOST_OPERATIONS} are"

    def _at_hand(self, variant: Variant) -> bool:
        """Tell whether code is there after a few milliseconds, which numpy would take too."""
        components, variables, parameters = self._system
        count = len(self._sections) if variant.sections else 0
        rows = Rows(len(variables), len(parameters), count)
        name = loop_name(self._folder, rows, variant, shared_pause(components))
        return build.recall(name) is not None

    def _compile(self, variant: Variant) -> Tiered:
        with self._state:
            making = self._making.setdefault(variant, threading.Lock())
        with making:
            if variant not in self._made:
                make = partial(self._make, variant)
                self._made[variant] = Tiered(make, self._patience, self._note_failure)
            return self._made[variant]

    def _make(self, variant: Variant, quick: bool) -> Kernel:
        return Kernel(
            *self._system,
            sections=self._sections,
            variant=variant,
            folder=self._folder,
            quick=quick,
        )

    def _try_at_once(self, variant: Variant) -> None:
        """Compile here and now, once, what does not take longer than numpy would."""
        with self._state:
            new = variant not in self._tried
            self._tried.add(variant)
        if new:
            self._prepare(variant)

    def _begin(self, variant: Variant) -> None:
        """Compile in the background, once."""
        with self._state:
            if not self._closed and variant not in self._background:
                thread = threading.Thread(target=self._prepare, args=(variant,))
                self._background[variant] = thread
                thread.start()

    def _prepare(self, variant: Variant) -> None:
        """Compile; nobody waits for it, so what goes wrong is logged and kept as `trouble`."""
        missing = build.why_not()
        if missing:
            self.trouble = missing
            return
        try:
            if not self._closed:
                self._compile(variant)
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"
            _log.exception("numpy goes on: the machine code could not be made")

    def _note_failure(self, error: Exception) -> None:
        """Tell that there is no code for long work; what there is goes on, more slowly."""
        self.trouble = f"{type(error).__name__}: {error}"
        _log.error("no machine code for long work; the quick one goes on", exc_info=error)
