"""Numbers that are known to rounding alone."""

from fractions import Fraction

import pytest

from eqpp_dash.engine.kinds.germ import UnclearError
from eqpp_dash.engine.kinds.inexact import Inexact


@pytest.mark.parametrize("top", [Fraction(1), Inexact(1.0)])
def test_to_divide_by_what_may_be_zero_is_unclear(top):
    with pytest.raises(UnclearError, match="divides"):
        top / Inexact(0.0)
