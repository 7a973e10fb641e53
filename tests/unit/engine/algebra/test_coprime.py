from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.algebra.coprime import proved_coprime
from eqpp_dash.engine.expression.polynomial import common_divisor, multiply

KEYS = [(2, 0), (1, 1), (0, 2), (1, 0), (0, 1), (0, 0)]
conics = st.lists(st.integers(-9, 9), min_size=6, max_size=6).map(
    lambda cs: {key: Fraction(c, 7) for key, c in zip(KEYS, cs, strict=True) if c}
)


@settings(max_examples=80, deadline=None)
@given(conics, conics, conics)
def test_a_shared_factor_is_never_missed(a, b, shared):
    assume(a and b and any(sum(key) for key in shared))
    assert not proved_coprime(multiply(a, shared), multiply(b, shared))


@settings(max_examples=80, deadline=None)
@given(conics, conics)
def test_it_is_proved_wherever_the_squares_are_there(a, b):
    assume(a and b and all((2, 0) in p and (0, 2) in p for p in (a, b)))
    assert proved_coprime(a, b) is (common_divisor([a, b]) is None)
