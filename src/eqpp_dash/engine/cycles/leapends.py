"""Why a lane stops, as instructions."""

from __future__ import annotations

from collections.abc import Callable

from eqpp_dash.engine.cycles import limits
from eqpp_dash.engine.cycles.leaprows import TRAP, Given, State
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import StepCode, greater, lesser


class Ends:
    """Writes what stops lanes.

    Attributes
    ----------
    lanes : Lanes
        Where the instructions go.
    parameters : list of str
        Parameters of the system.
    sign, pause : str
        Direction of time; number of steps at which a lane pauses.
    slow : str
        Number of slow steps after which a lane stops.
    low, high : list of str
        Corners of the box that may not be left.
    """

    lanes: Lanes
    parameters: list[str]
    sign: str
    pause: str
    slow: str
    low: list[str]
    high: list[str]

    def _ends(
        self,
        step: StepCode,
        news: dict[str, str],
        now: dict[str, str],
        size: list[str],
        plain: str,
        accepted: str,
    ) -> str:
        """Stop lanes to which something has happened; of several things the last one counts."""
        lanes = self.lanes
        zero, one = lanes.constant(0.0), lanes.constant(1.0)

        def end(which: str, state: State) -> None:
            which = lanes.mask_and(plain, which)
            news["state"] = lanes.select(which, lanes.constant(float(state)), news["state"])

        y = [news[f"y{i}"] for i in range(2)]
        floor = [news[f"floor{i}"] for i in range(2)]
        moved = [lanes.absolute(lanes.subtract(step.state[i], now[f"y{i}"])) for i in range(2)]
        resting, slow = accepted, accepted
        for i in range(2):
            least = lanes.multiply(lanes.absolute(now[f"y{i}"]), lanes.constant(1e-14))
            least = lanes.fma(size[i], lanes.constant(limits.RESTING), least)
            resting = lanes.mask_and(resting, lanes.compare("olt", moved[i], least))
            share = lanes.multiply(floor[i], lanes.constant(limits.SLOW))
            slow = lanes.mask_and(slow, lanes.compare("olt", moved[i], share))
        counted = lanes.select(slow, lanes.add(now["slow"], one), zero)
        news["slow"] = lanes.select(accepted, counted, now["slow"])
        end(lanes.compare("oge", news["tries"], self.pause), State.PAUSED)
        often = lanes.compare("oge", news["slow"], self.slow)
        end(often, State.SLOW)
        latch = self._caught(y, end)
        failed = news["failed"]
        stuck = lanes.compare("ogt", failed, lanes.constant(limits.MOST_FAILURES))
        speed = zero
        for i in range(2):
            rate = lanes.divide(lanes.absolute(news[f"f{i}"]), floor[i])
            speed = greater(lanes, rate, speed)
        short = lanes.multiply(news["h"], speed)
        short = lanes.compare("olt", short, lanes.constant(limits.SHORTEST))
        often = lanes.compare("ogt", failed, lanes.constant(limits.SOME_FAILURES))
        end(lanes.mask_or(stuck, lanes.mask_and(short, often)), State.STUCK)
        for i in range(2):
            end(lanes.compare("olt", y[i], self.low[i]), State.LEFT)
            end(lanes.compare("ogt", y[i], self.high[i]), State.LEFT)
        long = lanes.compare("ogt", news["tries"], lanes.constant(float(limits.EARLY)))
        end(lanes.mask_and(resting, long), State.CAUGHT)
        return latch

    def _caught(self, y: list[str], end: Callable[[str, State], None]) -> str:
        """Stop lanes in a trap: a loop over the traps; gives the block after it."""
        lanes = self.lanes
        one = lanes.constant(1.0)
        at = lanes.emit(f"getelementptr double, ptr %setup, i64 {int(Given.TRAPS)}")
        number = lanes.emit(f"load double, ptr {at}, align 8")
        count = lanes.emit(f"fptosi double {number} to i64")
        some = lanes.emit(f"icmp sgt i64 {count}, 0")
        before = lanes.block
        lanes.lines.append(f"  br i1 {some}, label %traps, label %free")
        lanes.label("traps")
        head = len(lanes.lines)
        place = lanes.emit(f"mul i64 %trap, {TRAP}")
        place = lanes.emit(f"add i64 {place}, {Given.COUNT + len(self.parameters)}")
        values = []
        for i in range(TRAP):
            here = lanes.emit(f"add i64 {place}, {i}")
            here = lanes.emit(f"getelementptr double, ptr %setup, i64 {here}")
            values.append(lanes.splat(lanes.emit(f"load double, ptr {here}, align 8")))
        sign, x0, y0, xx, xy, yy = values
        dx, dy = lanes.subtract(y[0], x0), lanes.subtract(y[1], y0)
        level = lanes.multiply(dx, lanes.fma(xx, dx, lanes.multiply(xy, dy)))
        level = lanes.fma(lanes.multiply(yy, dy), dy, level)
        inward = lanes.compare("oeq", self.sign, sign)
        level = lanes.select(inward, level, one)
        least = lesser(lanes, level, "%nearest")
        lanes.lines[head:head] = [
            f"  %trap = phi i64 [ 0, %{before} ], [ %trap.next, %traps ]",
            f"  %nearest = phi {lanes.vector} [ {one}, %{before} ], [ {least}, %traps ]",
        ]
        lanes.lines += [
            "  %trap.next = add i64 %trap, 1",
            f"  %trap.more = icmp slt i64 %trap.next, {count}",
            "  br i1 %trap.more, label %traps, label %free",
        ]
        lanes.label("free")
        found = lanes.emit(f"phi {lanes.vector} [ {one}, %{before} ], [ {least}, %traps ]")
        end(lanes.compare("olt", found, one), State.CAUGHT)
        return "free"
