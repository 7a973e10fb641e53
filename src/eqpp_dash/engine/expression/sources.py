"""Expressions as programs for other machines: JavaScript, GLSL and plain data."""

from eqpp_dash.engine.expression.glsl import to_glsl
from eqpp_dash.engine.expression.javascript import to_javascript
from eqpp_dash.engine.expression.program import to_program

__all__ = ["to_glsl", "to_javascript", "to_program"]
