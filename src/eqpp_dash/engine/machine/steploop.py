"""The hot block of the loop: steps of all lanes, the states at moments, and the way out."""

from __future__ import annotations

from functools import partial

from eqpp_dash.engine.machine import linearcode
from eqpp_dash.engine.machine.control import RUNNING
from eqpp_dash.engine.machine.crossloop import CrossLoop
from eqpp_dash.engine.machine.layout import (
    RELIEF,
    SMALLEST_SHARE,
    SMALLEST_STEP,
    STIFF,
    STIFF_STEPS,
    WORTH,
    Counter,
    End,
    Method,
)
from eqpp_dash.engine.machine.stepcode import (
    GROWTH,
    Slope,
    StepCode,
    emit_creeping,
    emit_dense_terms,
    emit_interpolation,
    emit_step,
    emit_step_factor,
    greater,
)
from eqpp_dash.engine.machine.stiffcode import (
    emit_stiff_dense_terms,
    emit_stiff_step,
    emit_stiff_step_factor,
)

#: More trajectories or steps than there ever are.
NEVER = 1 << 60


class StepLoop(CrossLoop):
    """Writes the blocks that try steps until a lane ends or it is time to look around."""

    def _hot(self) -> None:
        """Try a step of every lane, over and over."""
        lanes, rows = self.lanes, self.rows
        n, vector = rows.dimension, lanes.vector
        zero = lanes.constant(0.0)
        lanes.label("enter")
        span = self._row(rows.SPAN)
        active = lanes.compare("ogt", self._row(rows.ACTIVE), zero)
        parameters = [self._row(rows.parameter(i)) for i in range(rows.parameters)]
        floor = lanes.multiply(lanes.absolute(span), lanes.constant(SMALLEST_SHARE))
        kept = [rows.TIME, rows.STEP, rows.MOST]
        kept += [rows.state(i) for i in range(n)] + [rows.slope(i) for i in range(n)]
        names = ["%time", "%step", "%most"]
        names += [f"%y{i}" for i in range(n)] + [f"%f{i}" for i in range(n)]
        explicit = self.method == Method.DOP853
        if explicit:
            kept.append(rows.PRIOR)
            names.append("%prior")
        if self.watchful:
            kept.append(rows.CREEP)
            names.append("%creep")
        section_rows, section_names = self._section_rows()
        kept, names = kept + section_rows, names + section_names
        loaded = [self._row(row) for row in kept]
        if self.dense:
            moment = self._row(rows.MOMENT)
        self._say("br label %hot")
        lanes.label("hot")
        head = len(lanes.lines)
        latch = "sampled" if self.dense else "next"
        latch = "near.done" if self.targets else latch
        self._say(f"%count = phi i64 [ %now, %enter ], [ %after, %{latch} ]")
        if self.dense:
            self._say(f"%moment = phi {vector} [ {moment}, %enter ], [ %moment.new, %{latch} ]")

        def slope(elapsed: str, state: list[str]) -> list[str]:
            return self.field(lanes, self._time(elapsed), state, parameters)

        t, y, f = "%time", names[3 : 3 + n], names[3 + n : 3 + 2 * n]
        remaining = lanes.subtract(span, t)
        nearly = lanes.absolute(lanes.multiply(remaining, lanes.constant(1.0 - 1e-12)))
        last = lanes.compare("oge", lanes.absolute("%step"), nearly)
        h = lanes.select(last, remaining, "%step")
        step, factor, prior = self._step(slope, t, h, y, f, parameters)
        good = lanes.compare("ole", step.error, lanes.constant(1.0))
        ahead = lanes.select(last, span, lanes.add(t, h))
        news = [
            lanes.select(good, ahead, t),
            lanes.multiply(h, factor),
            lanes.select(good, lanes.constant(GROWTH), lanes.constant(1.0)),
            *(lanes.select(good, a, b) for a, b in zip(step.state, y, strict=True)),
            *(lanes.select(good, a, b) for a, b in zip(step.slope, f, strict=True)),
        ]
        if explicit:
            news.append(prior)
        if self.watchful:
            news.append(self._creep(step, h, good))
        usual = len(news)
        news += self._section_news(ahead, step, good, parameters)
        merged = [
            f"{name}.new" if self.watched else new for name, new in zip(names, news, strict=True)
        ]
        lanes.lines[head:head] = [
            f"  {name} = phi {vector} [ {value}, %enter ], [ {new}, %{latch} ]"
            for name, value, new in zip(names, loaded, merged, strict=True)
        ]
        self._say("%after = add i64 %count, 1")
        self._say("br i1 %boxed, label %look, label %looked")
        lanes.label("look")
        outside = lanes.mask_and(good, self._outside(step.state))
        self._say("br label %looked")
        lanes.label("looked")
        self._say(
            f"%outside.all = phi {lanes.mask} [ zeroinitializer, %hot ], [ {outside}, %look ]"
        )
        taken = good
        if self.watched:
            usable = lanes.mask_and(good, active)
            self._crossings(step, h, y, f, kept, news, merged, usable)
            news = merged
            taken = lanes.mask_and(good, self.values["taken"])
        else:
            self._say("br label %next")
            lanes.label("next")
        if self.dense:
            self._samples(step, y, h, taken, news[0])
            self._say(f"%moment.new = phi {vector} [ %moment, %next ], [ %moment.now, %stored ]")
        self._say(f"%outside = and {lanes.mask} %outside.all, {taken}")
        least = lanes.fma(lanes.absolute(news[0]), lanes.constant(SMALLEST_STEP), floor)
        collapsed = lanes.compare("olt", lanes.absolute(news[1]), least)
        reached = lanes.mask_and(taken, last)
        ended = lanes.mask_or(lanes.mask_or(reached, collapsed), "%outside")
        if self.targets:
            near = lanes.mask_and(taken, self._near_any("near", news[3 : 3 + n]))
            self.values["near"] = near
            ended = lanes.mask_or(ended, near)
        if self.watched:
            finished = lanes.compare("ogt", self.values["finish"], zero)
            ended = lanes.mask_or(ended, finished)
        if self.watchful:
            creep = news[usual - 1]
            self.values["stiff"] = self._stiff(creep, lanes.subtract(span, news[0]), news[1])
            ended = lanes.mask_or(ended, self.values["stiff"])
        ended = lanes.mask_and(ended, active)
        due = lanes.emit("icmp sge i64 %after, %stop")
        leave = lanes.emit(f"or i1 {due}, {lanes.any(ended)}")
        self._say(f"br i1 {leave}, label %leave, label %hot")
        self.values |= {"ended": ended, "reached": reached, "collapsed": collapsed}
        self.values |= {"error": step.error, "due": due}
        self.kept = dict(zip(kept, news, strict=True))

    def _step(
        self, slope: Slope, t: str, h: str, y: list[str], f: list[str], parameters: list[str]
    ) -> tuple[StepCode, str, str]:
        """Try a step; give it, the change of the step's length, and what the next is to know."""
        lanes = self.lanes
        if self.method == Method.DOP853:
            step = emit_step(lanes, slope, t, h, y, f, self.relative, self.absolute)
            return step, *emit_step_factor(lanes, step.error, "%most", "%prior")

        def linear(elapsed: str, state: list[str]) -> tuple[list[list[str]], list[str] | None]:
            return self.derivatives(lanes, self._time(elapsed), state, parameters)

        solver = None
        if self.rows.wide:
            slope, solver = self._cold_slope, partial(linearcode.called_solver, lanes, self.rows)
        step = emit_stiff_step(
            lanes, slope, linear, t, h, y, f, self.relative, self.absolute, solver
        )
        return step, emit_stiff_step_factor(lanes, step.error, "%most"), ""

    def _creep(self, step: StepCode, h: str, good: str) -> str:
        """Count accepted steps at the limit of stability, less those that stay away from it."""
        lanes = self.lanes
        more = lanes.add("%creep", lanes.constant(1.0))
        less = greater(lanes, lanes.subtract("%creep", lanes.constant(RELIEF)), lanes.constant(0.0))
        counted = lanes.select(emit_creeping(lanes, h, step), more, less)
        return lanes.select(good, counted, "%creep")

    def _stiff(self, creep: str, remaining: str, h: str) -> str:
        """Tell where another method should go on."""
        lanes = self.lanes
        often = lanes.compare("oge", creep, lanes.constant(float(STIFF_STEPS)))
        needed = lanes.multiply(lanes.absolute(h), lanes.constant(WORTH))
        return lanes.mask_and(often, lanes.compare("ogt", lanes.absolute(remaining), needed))

    def _samples(self, step: StepCode, y: list[str], h: str, good: str, ahead: str) -> None:
        """Store the states at the moments that the step has passed."""
        lanes, rows, members = self.lanes, self.rows, self.members
        n = rows.dimension

        def wanted(moment: str) -> str:
            passed = lanes.compare("ole", lanes.absolute(moment), lanes.absolute(ahead))
            return lanes.mask_and(good, passed)

        some = lanes.any(wanted("%moment"))
        self._say(f"br i1 {some}, label %dense, label %sampled")
        lanes.label("dense")
        lanes.store("%work", rows.MOMENT, "%moment")
        if self.method == Method.Rodas5P:
            terms = emit_stiff_dense_terms(lanes, y, step)
        else:
            terms = emit_dense_terms(lanes, self._cold_slope, "%time", h, y, step)
        self._say("br label %round")
        lanes.label("round")
        moment = self._row(rows.MOMENT)
        self._say(f"%wanted = bitcast {lanes.mask} {wanted(moment)} to {self.bits}")
        share = lanes.divide(lanes.subtract(moment, "%time"), h)
        for i in range(n):
            lanes.store("%work", rows.trial(i), emit_interpolation(lanes, y[i], terms[i], share))
        left = lanes.emit(f"icmp ne {self.bits} %wanted, 0")
        self._say(f"br i1 {left}, label %pick, label %stored")
        lanes.label("pick")
        self._say(f"%picked = phi {self.bits} [ %wanted, %round ], [ %others, %put ]")
        first = lanes.emit(f"call {self.bits} @llvm.cttz.{self.bits}({self.bits} %picked, i1 true)")
        lane = lanes.emit(f"zext {self.bits} {first} to i64")
        less = lanes.emit(f"add {self.bits} %picked, -1")
        self._say(f"%others = and {self.bits} %picked, {less}")
        index = self._get("i64", self._cell(rows.INDEX, lane))
        number = self._get("i64", self._cell(rows.SAMPLE, lane))
        start = lanes.emit(f"mul i64 {index}, {members['moment_count']}")
        target = lanes.emit(f"mul i64 {lanes.emit(f'add i64 {start}, {number}')}, {n}")
        for i in range(n):
            place = self._place(members["samples"], target, i)
            self._copy("double", self._cell(rows.trial(i), lane), place)
        following = lanes.emit(f"add i64 {number}, 1")
        self._put("i64", following, self._cell(rows.SAMPLE, lane))
        # Beyond the last moment stands an infinite one, which no step passes.
        source = self._place(members["moments"], following)
        self._copy("double", source, self._cell(rows.MOMENT, lane))
        self._say("br label %put")
        lanes.label("put")
        more = lanes.emit(f"icmp ne {self.bits} %others, 0")
        self._say(f"br i1 {more}, label %pick, label %round")
        lanes.label("stored")
        place = self._place("%work", rows.MOMENT * lanes.width)
        self._say(f"%moment.now = load {lanes.vector}, ptr {place}, align {lanes.alignment}")
        self._say("br label %sampled")
        lanes.label("sampled")

    def _leave(self) -> None:
        """Put the lanes back in their rows and find out which have ended, and why."""
        lanes, rows, values = self.lanes, self.rows, self.values
        zero = lanes.constant(0.0)
        lanes.label("leave")
        for row, value in self.kept.items():
            lanes.store("%work", row, value)
        if self.dense:
            lanes.store("%work", rows.MOMENT, "%moment.new")
        if self.watched:
            self._say("call void @drain(ptr %work, ptr %job, i64 0)")
        undefined = lanes.compare("uno", values["error"], values["error"])
        reason = lanes.select(
            undefined, lanes.constant(End.UNDEFINED), lanes.constant(End.COLLAPSE)
        )
        if self.watchful:
            usual = lanes.select(values["collapsed"], reason, lanes.constant(STIFF))
            reason = lanes.select(values["stiff"], usual, reason)
        reason = lanes.select(values["reached"], lanes.constant(End.TIME), reason)
        if self.targets:
            reason = lanes.select(values["near"], lanes.constant(End.TARGET), reason)
            found = self._nearest("which", self._states(rows.state))
            number = lanes.select(values["near"], found, self._row(rows.NUMBER))
            lanes.store("%work", rows.NUMBER, number)
        reason = lanes.select("%outside", lanes.constant(End.BOX), reason)
        if self.watched:
            finished = lanes.compare("ogt", values["finish"], zero)
            reason = lanes.select(finished, values["finish"], reason)
        reason = lanes.select(values["ended"], reason, lanes.constant(RUNNING))
        lanes.store("%work", rows.REASON, reason)
        self._say(f"%over = bitcast {lanes.mask} {values['ended']} to {self.bits}")
        self._say(f"br i1 {values['due']}, label %pause, label %left")
        lanes.label("left")
        self._say("br label %harvest")
        lanes.label("pause")
        limit = self.members["limit"]
        now, most = self._spread_scalar("i64", "%after"), self._spread_scalar("i64", limit)
        spent = lanes.integer("sub", now, self._integers(rows.BORN))
        rest = lanes.integer("sub", most, spent)
        exhausted = lanes.integer_compare("sle", rest, 0)
        running = lanes.compare("olt", reason, zero)
        spent_all = lanes.mask_and(exhausted, running)
        place = self._counter(Counter.CANCEL)
        flag = lanes.emit(f"load atomic i64, ptr {place} monotonic, align 8")
        cancelled = lanes.emit(f"icmp ne i64 {flag}, 0")
        active = lanes.compare("ogt", self._row(rows.ACTIVE), zero)
        reason = lanes.select(spent_all, lanes.constant(End.BUDGET), reason)
        stopped = lanes.mask_and(active, lanes.compare("olt", reason, zero))
        stopped = lanes.mask_and(stopped, self._spread_scalar("i1", cancelled))
        reason = lanes.select(stopped, lanes.constant(End.CANCELLED), reason)
        lanes.store("%work", rows.REASON, reason)
        self._say(
            f"%expired = bitcast {lanes.mask} {lanes.compare('oge', reason, zero)} to {self.bits}"
        )
        whole = self._spread_scalar("i64", "%stretch")
        shorter = lanes.emit(f"icmp slt {lanes.integers} {rest}, {whole}")
        shorter = lanes.mask_and(shorter, lanes.mask_not(exhausted))
        short = f"{lanes.integers} {rest}, {lanes.integers} {whole}"
        until = lanes.emit(f"select {lanes.mask} {shorter}, {short}")
        reduce = f"llvm.vector.reduce.smin.v{lanes.width}i64"
        lanes.declare(f"declare i64 @{reduce}({lanes.integers})")
        nearest = lanes.emit(f"call i64 @{reduce}({lanes.integers} {until})")
        self._say(f"%later = add i64 %after, {nearest}")
        self._say(f"br i1 {cancelled}, label %cancel, label %paused")
        lanes.label("cancel")
        # Nothing is left to begin, for any thread.
        self._say(f"store atomic i64 {NEVER}, ptr {self._counter(Counter.NEXT)} monotonic, align 8")
        self._put("i64", "0", self._cell(rows.prepared, "0"))
        self._say("br label %paused")
        lanes.label("paused")
        self._say("br label %harvest")
