"""Random fields without linear part: the sectors' index against the winding number."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.index import winding_number
from eqpp_dash.engine.kinds.blowup import blow_up
from eqpp_dash.engine.kinds.germ import Germ, UnclearError
from eqpp_dash.engine.kinds.sectors import count_sectors

from .planting import Terms, polynomial_field


def form(degree: int, source: random.Random, share: float = 1.0) -> Terms:
    return {
        (degree - i, i): Fraction(source.randint(-2, 2))
        for i in range(degree + 1)
        if source.random() < share
    }


def field(radial: bool, source: random.Random) -> tuple[Terms, Terms]:
    degree = source.choice((2, 2, 3))
    if radial:
        speed = form(degree - 1, source)
        parts = [
            {(i + 1, j): c for (i, j), c in speed.items()},
            {(i, j + 1): c for (i, j), c in speed.items()},
        ]
    else:
        parts = [form(degree, source), form(degree, source)]
    for part in parts:
        for more in (1, 2):
            part.update(form(degree + more, source, 0.4))
    first, second = ({key: c for key, c in part.items() if c} for part in parts)
    return first, second


@pytest.mark.parametrize("radial", [False, True])
def test_the_index_of_the_sectors_is_the_winding_number(radial):
    source = random.Random(11)
    counted, unclear, kinds = 0, 0, set()
    for _ in range(50):
        first, second = field(radial, source)
        try:
            sectors = count_sectors(blow_up(Germ(first, second), Work(20_000)))
        except UnclearError:
            unclear += 1
            continue
        index = 1 if sectors is None else sectors.index
        kinds.add(sectors and tuple(sectors.to_json().values()))
        plane = polynomial_field(first, second)
        for half in (1e-2, 1e-3):
            turns = winding_number(plane, np.full(2, -half), np.full(2, half), depth=12)
        assert turns in (None, index), (first, second)
        counted += turns is not None
    assert counted >= 35
    assert unclear <= 8
    assert len(kinds) >= 5
