"""Bounds that the steps of orbits keep, in numpy and in machine code."""

from __future__ import annotations

SHARPEST_TURN = -0.3
"""Least cosine of the angle by which a step may turn, so that no crossing is passed over."""

EARLY, RESTING = 20, 1e-10
"""An orbit that moves by less than this share of its extent in a step, after so many, has come to
an equilibrium."""

EXTRA_STEPS, EXTRA_LEAPS = 150, 3000
"""An orbit is followed for threefold the steps of its rival, and so many more: in numpy, and in
machine code."""

STIFF_EXTRA = 3000
"""The same for orbits that turned out to be stiff in machine code."""

LEAPS = 20
"""So many times more steps may be taken in machine code than in numpy."""

STIFF_EVERY = 16
"""After so many steps it is looked at whether an orbit is stiff."""

STIFF_STEPS, STIFF_STEPS_FINE = 3000, 100_000
"""The same in machine code: where that has an implicit method too, and at fine tolerances, where
so many steps cost less than a few of the implicit method in numpy."""

ROUGH = 1e-9
"""Least tolerance at which steps of Rodas5P are taken."""

STIFF_PRODUCT, SLOW = 0.1, 0.01
"""Where steps are so short in terms of the extent, yet so long in terms of the fastest decay, they
are short for the explicit method alone: its stages leave the slow motion."""

GROWTH = 6.0
"""Most that a step may grow by."""

UNDEFINED_FACTOR = 0.25
"""By this a step shrinks if the field is undefined on the way."""

MOST_FAILURES, SOME_FAILURES, SHORTEST = 25.0, 3.0, 1e-13
"""An orbit ends where so many tries fail, or fewer if the step is shorter than this share of the
extent."""

ROUNDING = 4e-16
"""Error of a step by rounding, as a share of the state."""
