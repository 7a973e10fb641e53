"""Services in memory: what the page asks, answered at once and without the engine."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from portraits import limit_cycle, pendulum_portrait, trajectory

from eqpp_dash.errors import EquationError, ForbiddenError, LinkError, NotFoundError, SpecError
from eqpp_dash.model.numbers import read_float
from eqpp_dash.model.portrait import Notice, Portrait
from eqpp_dash.model.spec import PortraitSpec

PENDULUM = PortraitSpec.from_json(
    {
        "title": "Pendulum",
        "equations": "theta' = omega\nomega' = -sin(theta) - d*omega",
        "parameters": {"d": 0.25},
    }
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"></svg>'


@dataclass
class FakeJob:
    row_id: str
    spec: PortraitSpec
    status: str = "finished"
    portrait_id: str = "pendulumpendulum"
    error: str = ""
    traceback: str = ""
    stopped: str = ""
    stopping: bool = False
    created: float = 1_700_000_000.0


@dataclass
class FakePortraits:
    rows: dict[str, FakeJob] = field(default_factory=dict)
    submitted: list[tuple[PortraitSpec, str]] = field(default_factory=list)

    def add(self, spec: PortraitSpec = PENDULUM, status: str = "finished") -> FakeJob:
        job = FakeJob(f"row{len(self.rows)}", spec, status)
        self.rows[job.row_id] = job
        return job

    def submit(self, spec: PortraitSpec, *, launcher: str) -> FakeJob:
        if "unknown" in spec.equations:
            raise EquationError("unknown function", token="unknown")
        self.submitted.append((spec, launcher))
        return self.finished(spec) or self.add(spec, "queued")

    def rerun(self, row_id: str, *, launcher: str = "rerun") -> FakeJob:
        return self.add(self.job(row_id).spec, "queued")

    def cancel(self, row_id: str) -> FakeJob:
        self.job(row_id).status = "cancelled"
        return self.job(row_id)

    def stop(self, row_id: str) -> FakeJob:
        job = self.job(row_id)
        job.status, job.stopped = "finished", "stopped by a user while limit cycles were searched"
        return job

    def job(self, row_id: str) -> FakeJob:
        if row_id not in self.rows:
            raise NotFoundError("there is no such row")
        return self.rows[row_id]

    resolve = job

    def finished(self, spec: PortraitSpec) -> FakeJob | None:
        for job in self.rows.values():
            if job.status == "finished" and job.spec.canonical_json() == spec.canonical_json():
                return job
        return None

    def portrait(self, row_id: str) -> Portrait:
        return pendulum_portrait(spec=self.job(row_id).spec)

    def cycles(self, row_id: str, spec: PortraitSpec) -> tuple[Any, ...]:
        return (limit_cycle(),) if row_id in self.rows else ()

    def facts(self, row_id: str) -> dict[str, Any]:
        return self.portrait(row_id).facts(id=self.job(row_id).portrait_id)


class FakePreviews:
    """Understands one system, whatever its name: the pendulum."""

    ends = ("left work box", "equilibrium 2")

    def understand(self, text: str, limits: Any = None, declared: Any = ()) -> Any:
        if "sen(" in text:
            offset = text.index("sen(")
            line = text[:offset].count("\n") + 1
            raise EquationError(
                "unknown function “sen”",
                token="sen",
                line=line,
                column=offset - (text.rfind("\n", 0, offset) + 1) + 1,
                offset=offset,
                hint="Did you mean “sin”?",
            )
        return SimpleNamespace(
            latex=r"\dot \theta = \omega",
            variables=("theta", "omega"),
            parameters=("d",),
            defaults={"d": 1.0},
            notes=(Notice("default", "d has no value: 1 is used"),),
        )

    def check(self, spec: PortraitSpec) -> PortraitSpec:
        if spec.equations.endswith("+ t"):
            column = len(spec.equations.splitlines()[-1])
            raise EquationError("the time t appears", token="t", line=2, column=column)
        return spec

    def preview(self, spec: PortraitSpec, starts: Any = ()) -> Portrait:
        if spec.parameters.get("d") == "13":
            raise SpecError("the preview does not like 13", field="parameters.d")
        window = spec.window or {"theta": (-8.0, 8.0), "omega": (-3.5, 3.5)}
        return replace(pendulum_portrait(), spec=spec, window=window)

    def trajectories(
        self, spec: PortraitSpec, starts: Any, window: Any, cycles: Any = ()
    ) -> tuple[Any, ...]:
        orbits = tuple(trajectory(tuple(start), origin="given", ends=self.ends) for start in starts)
        return orbits, pendulum_portrait().equilibria

    def constant(self, text: str, field: str = "") -> float:
        if text.strip() == "2*pi":
            return 6.283185307179586
        return read_float(text, field)


class FakeLinks:
    def __init__(self) -> None:
        self.short: dict[str, str] = {}

    def encode(self, spec: PortraitSpec) -> str:
        return base64.urlsafe_b64encode(spec.to_json().encode()).decode().rstrip("=")

    def decode(self, text: str) -> PortraitSpec:
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return PortraitSpec.from_json(data)
        except (ValueError, SpecError) as error:
            raise LinkError("it is cut off or altered") from error

    def shorten(self, state: str) -> str:
        self.short["abc"] = state
        return "abc"

    def expand(self, short: str) -> str:
        if short not in self.short:
            raise NotFoundError("there is no such link")
        return self.short[short]


@dataclass
class FakeArchive:
    portraits: FakePortraits
    can_delete: bool = True

    def _found(self, text: str, status: str | None, cycles: str | None) -> list[FakeJob]:
        return [
            job
            for job in self.portraits.rows.values()
            if (status is None or job.status == status)
            and text.lower() in (job.spec.title + job.spec.equations).lower()
            and (cycles is None or cycles in job.spec.title)
        ]

    def count(self, text: str = "", status: str | None = None, *, cycles: str | None = None) -> int:
        return len(self._found(text, status, cycles))

    def search(
        self,
        text: str = "",
        status: str | None = None,
        limit: int = 20,
        offset: int = 0,
        *,
        cycles: str | None = None,
    ) -> list[Any]:
        return [
            SimpleNamespace(
                row_id=job.row_id,
                title=job.spec.title,
                equations=job.spec.equations,
                parameters=job.spec.parameters,
                status=job.status,
                created=job.created,
                summary="2 equilibria",
                thumbnail=SVG,
                stopped=job.stopped,
            )
            for job in self._found(text, status, cycles)[offset : offset + limit]
        ]

    def delete(self, row_id: str) -> None:
        if not self.can_delete:
            raise ForbiddenError("deleting is switched off here")
        self.portraits.job(row_id)
        del self.portraits.rows[row_id]


def fake_services(*, can_delete: bool = True) -> Any:
    """Give services that know the pendulum and keep rows in memory."""
    portraits = FakePortraits()
    entry = SimpleNamespace(
        slug="pendulum",
        title="Pendulum",
        subject="Mechanics",
        spec=PENDULUM,
        note="It swings.",
        source="Galilei",
        thumbnail=SVG,
    )
    return SimpleNamespace(
        portraits=portraits,
        previews=FakePreviews(),
        links=FakeLinks(),
        archive=FakeArchive(portraits, can_delete),
        gallery=SimpleNamespace(entries=lambda: (entry,)),
        health=SimpleNamespace(alive=lambda: {"alive": True}, ready=lambda: {"ready": True}),
        can_delete=can_delete,
        poll_interval_ms=150,
        max_request_bytes=1_000_000,
    )
