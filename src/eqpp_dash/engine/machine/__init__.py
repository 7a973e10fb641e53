"""Machine code for the system just typed: vectors of trajectories, compiled by LLVM.

`lanes` writes instructions, `functions` the elementary functions and `fieldcode` a system's
right-hand sides with them; `build` compiles the text and keeps what was compiled; `integrate`
has the integrator made of it all. LLVM is optional: `available` tells whether it is there, and
nothing imports it before it is needed.
"""

from __future__ import annotations

from eqpp_dash.engine.machine.build import available
from eqpp_dash.engine.machine.integrate import (
    Crossings,
    CycleTargets,
    End,
    Integrator,
    Propagated,
    SectionEvent,
    Targets,
)

__all__ = [
    "Crossings",
    "CycleTargets",
    "End",
    "Integrator",
    "Propagated",
    "SectionEvent",
    "Targets",
    "available",
]
