"""How the halves of trajectories end, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

END_WORDS: Mapping[str, str] = {
    "closed orbit": "itself (a closed orbit)",
    "infinity": "infinity",
    "left work box": "a place far outside the window",
    "time": "the end of the time it was followed",
    "undefined": "where the field is undefined",
    "discontinuity": "a discontinuity of the field",
    "sliding": "a line along which solutions slide",
    "sliding cycle": "a periodic orbit that slides in part",
    "budget": "the end of the work budget",
    "undecided": "an undecided end",
}
"""For each end of `OrbitEnd`, but for equilibria, what a half "comes from" or "goes to"."""
