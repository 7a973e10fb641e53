"""Two independent ways to a nilpotent point: Andreev's theorem and blowing up."""

from __future__ import annotations

import random
from fractions import Fraction

from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.kinds.blowup import blow_up
from eqpp_dash.engine.kinds.germ import Germ
from eqpp_dash.engine.kinds.sectors import count_sectors
from eqpp_dash.engine.kinds.single import andreev_functions
from eqpp_dash.engine.kinds.verdicts import apply_andreev


def nilpotent(source: random.Random) -> Germ:
    first = {(0, 1): 1} | {key: source.randint(-2, 2) for key in ((2, 0), (1, 1), (0, 2), (3, 0))}
    second = {(source.choice((2, 3, 4, 5)), 0): source.choice((-3, -1, 1, 2))}
    for power in range(source.choice((1, 2)), 3):
        second[power, 1] = source.randint(-4, 4)
    if source.random() < 0.3:  # nodes are rare otherwise
        first = {(0, 1): 1, (0, 2): source.randint(-2, 2)}
        second = {(5, 0): -1, (2, 1): source.choice((-5, -4, 4, 5)), (1, 2): source.randint(-2, 2)}
    return Germ(*({key: Fraction(c) for key, c in p.items() if c} for p in (first, second)))


def test_blowing_up_agrees_with_andreevs_theorem():
    source = random.Random(7)
    seen = set()
    for _ in range(80):
        germ = nilpotent(source)
        verdict = apply_andreev(andreev_functions(lambda degree, germ=germ: germ))
        sectors = count_sectors(blow_up(germ, Work()))
        seen.add(verdict and verdict.kind)
        assert (verdict is None) == (sectors is None), germ
        if sectors is not None:
            assert verdict.sectors.to_json() == sectors.to_json()
            assert verdict.index == sectors.index
            assert verdict.stability == {-1: "stable"}.get(sectors.flow, "unstable")
    kinds = {"cusp", "saddle-node", "topological saddle", "degenerate", None}
    assert kinds | {"stable topological node", "unstable topological node"} <= seen
