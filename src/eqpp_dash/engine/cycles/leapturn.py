"""The turn of x within a step, as instructions: Newton's method with differences for slopes.

The step is taken anew from its start, with another length each time, so that the turn is as good
as the steps are. A bracket is kept; the first length comes from the cubic through both ends.
"""

from __future__ import annotations

from eqpp_dash.engine.cycles.leaprows import SIZE, State
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import StepCode, greater

MOST_TRIALS = 7
"""Of the step in which x turns; two to four are usual."""

NEAR = 1e-9
"""Share of the step within which the turn is located; the rest is made good along the flow."""

LOCAL = ["trial", "length", "low", "high", "rate", "before", "value", "whole", "next"]
LOCAL += [f"end.{part}{i}" for part in "yf" for i in range(SIZE)]
"""What changes while a turn is located: the number of the trial, its length, the bracket, the rate
of change of x' that is assumed, length and x' of the trial before; how long the whole step was and
how long the next is to be; where the step ends."""

TURN = [f"turn{i}" for i in range(1 + 2 * SIZE)]


def emit_turn(
    lanes: Lanes,
    step: StepCode,
    now: dict[str, str],
    news: dict[str, str],
    factor: str,
    h: str,
    locating: str,
    begun: str,
) -> None:
    """Begin to locate a turn, or better the length of the step that leads to it.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    step : StepCode
        The step tried, of length `h`.
    now, news : dict of str to str
        Values before, and after, which are changed.
    factor : str
        Change of the step's length after a usual step.
    h : str
        Length of the step.
    locating : str
        Mask: the step is a trial.
    begun : str
        Mask: x has turned in it.
    """
    zero, one, half = (lanes.constant(value) for value in (0.0, 1.0, 0.5))
    # The cubic through both ends of the step: its rate is a + b s + c s^2, s from 0 to 1.
    a, last = lanes.multiply(now["f0"], h), lanes.multiply(step.slope[0], h)
    change, fall = lanes.subtract(step.state[0], now["y0"]), lanes.subtract(last, a)
    rise = lanes.subtract(change, a)
    c = lanes.fma(rise, lanes.constant(-6.0), lanes.multiply(fall, lanes.constant(3.0)))
    b = lanes.subtract(fall, c)
    square = lanes.fma(b, b, lanes.multiply(lanes.multiply(a, c), lanes.constant(-4.0)))
    root = lanes.sqrt(greater(lanes, square, zero))
    share = lanes.divide(lanes.add(a, a), lanes.subtract(root, b))
    inside = lanes.mask_and(lanes.compare("oge", share, zero), lanes.compare("ole", share, one))
    share = lanes.select(inside, share, half)
    bend = lanes.fma(lanes.add(c, c), share, b)
    bend = lanes.divide(bend, lanes.multiply(h, h))
    first = lanes.multiply(share, h)
    # The next length, by the rate of change that the last two lengths show.
    found = step.slope[0]
    apart = lanes.subtract(h, now["before"])
    secant = lanes.divide(lanes.subtract(found, now["value"]), apart)
    secant = lanes.select(lanes.compare("oeq", now["trial"], one), now["rate"], secant)
    ahead = lanes.compare("ogt", found, zero)
    low, high = lanes.select(ahead, h, now["low"]), lanes.select(ahead, now["high"], h)
    length = lanes.subtract(h, lanes.divide(found, secant))
    near = lanes.multiply(now["whole"], lanes.constant(NEAR))
    close = lanes.compare("ole", lanes.absolute(lanes.subtract(length, h)), near)
    within = lanes.mask_and(lanes.compare("ogt", length, low), lanes.compare("olt", length, high))
    length = lanes.select(within, length, lanes.multiply(half, lanes.add(low, high)))
    close = lanes.mask_or(close, lanes.compare("oeq", found, zero))
    many = lanes.compare("oge", now["trial"], lanes.constant(float(MOST_TRIALS)))
    done = lanes.mask_and(locating, lanes.mask_or(close, many))

    def choose(name: str, at_first: str, later: str) -> None:
        kept = lanes.select(locating, later, now[name])
        news[name] = lanes.select(begun, at_first, kept)

    choose("trial", one, lanes.select(done, zero, lanes.add(now["trial"], one)))
    choose("length", first, length)
    choose("low", zero, low)
    choose("high", h, high)
    choose("rate", bend, secant)
    choose("before", h, h)
    choose("value", found, found)
    choose("whole", h, now["whole"])
    choose("next", lanes.multiply(h, factor), now["next"])
    turn = [lanes.add(now["t"], h), *step.state, *step.slope]
    for name, value in zip(TURN, turn, strict=True):
        news[name] = lanes.select(done, value, now[name])
    for i in range(SIZE):
        for part, value in (("y", step.state[i]), ("f", step.slope[i])):
            choose(f"end.{part}{i}", value, now[f"end.{part}{i}"])
            end = now[f"end.{part}{i}"]
            news[f"{part}{i}"] = lanes.select(done, end, now[f"{part}{i}"])
    news["t"] = lanes.select(done, lanes.add(now["t"], now["whole"]), now["t"])
    news["h"] = lanes.select(done, now["next"], now["h"])
    turned = lanes.constant(float(State.TURNED))
    news["state"] = lanes.select(done, turned, now["state"])
