"""Layout that is left out of a question must not change what is asked."""

from __future__ import annotations

import pytest

from eqpp_dash import PortraitSpec
from eqpp_dash.engine.system import parse_system


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x'=y # c\x85y'=-x", "x'=y # c\x85y'=-2*x"),
        ("x'=y\ny'=-x+f # c\u2028f=x", "x'=y\ny'=-x+f # other"),
        ("x'=y＃ c; f=x\ny'=-x+f", "x'=y＃ c\nf=x\ny'=-x+f"),
        ("x'=y％ c c; f=x\ny'=-x+f", "x'=y％ c c\nf=x\ny'=-x+f"),
        ("x'=y÷÷ c c; f=x\ny'=-x+f", "x'=y÷÷ c c\nf=x\ny'=-x+f"),
    ],
)
def test_texts_that_mean_something_else_are_other_questions(one, other):
    assert repr(parse_system(one)) != repr(parse_system(other))
    assert PortraitSpec(one).canonical_json() != PortraitSpec(other).canonical_json()
