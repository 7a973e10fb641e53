"""What looks at steps and ends lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from eqpp_dash.engine.batch import Taken
    from eqpp_dash.engine.orbits import Ends
    from eqpp_dash.engine.record import Bools, Record


class Watcher(Protocol):
    """Looks at good steps and ends lanes.

    It looks at every step, one round after the other; or, where machine code takes several
    rounds at a time, at those steps which `scan` picks, after it has passed over the others.
    """

    def look(self, taken: Taken, ends: Ends) -> None:
        """Close the lanes that have come to an end."""

    def scan(self, record: Record) -> Bools:
        """Tell which good steps it must look at, up to the first of each lane: (rounds, lanes)."""

    def skip(self, record: Record, quiet: Bools) -> None:
        """Take note of good steps of the record just scanned that it does not look at."""
