"""What tools find by themselves of ten phase portraits, beside what is there.

``python benchmarks/beside.py`` prints docs/beside.md's tables. Each tool is asked for all that it
gives without a hand on it: phaseportrait for its picture, XPPAUT for orbits and Poincare sections
in silent mode, scipy for what benchmarks/plain.py makes of it, and the portrait of the package.
Seconds are the processor's, all threads and processes together.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

import finders
import scipy
import xppaut
from counting import Count, Findings, Known, count
from known import known_systems
from measuring import Report, present

Tool = Callable[[Known], Findings]


def tools(report: Report) -> dict[str, Tool]:
    """Give what is installed, by name and version."""
    found: dict[str, Tool] = {f"EQPP Dash {version('eqpp-dash')}": finders.by_eqpp}
    found[f"scipy {scipy.__version__}, plain script"] = finders.by_scipy
    if xppaut.present():
        found[f"XPPAUT {xppaut.version()}, silent"] = finders.by_xppaut
    else:
        report.left_out("XPPAUT", "not installed, `tools/make-peers` says how")
    if present("phaseportrait"):
        found[f"phaseportrait {version('phaseportrait')}, draws only"] = finders.by_phaseportrait
    else:
        report.left_out("phaseportrait")
    return found


def processor() -> float:
    """Give the processor's time of this process and of those that it waited for, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(tool: Tool, systems: list[Known]) -> list[tuple[Count, float]]:
    """Ask a tool about each system, after the quickest one, to load what it uses."""
    tool(next(known for known in systems if known.name == "p-saddle-node"))
    rows = []
    for known in systems:
        began = processor()
        findings = tool(known)
        rows.append((count(known, findings), processor() - began))
    return rows


def line(*cells: object) -> str:
    """Give a row of a table in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def totals(made: Mapping[str, list[tuple[Count, float]]]) -> list[str]:
    """Sum each tool's findings over the systems."""
    head = (
        *("", "equilibria", "kinds: right, undecided, wrong", "proved to be all"),
        *(
            "curves of equilibria",
            "limit cycles",
            "undecided",
            "error of the period",
            "connections",
        ),
        *("wrong claims", "seconds"),
    )
    lines = [line(*head), "|---" * len(head) + "|"]
    for name, rows in made.items():
        total = sum((row for row, _ in rows), Count())
        error = f"{max(total.period_errors):.0e}" if total.period_errors else "-"
        lines.append(
            line(
                name,
                f"{total.found} of {total.equilibria}",
                f"{total.right}, {total.undecided}, {total.wrong_kinds}",
                f"{total.complete} of {len(rows)}",
                f"{total.curves_found} of {total.curves}",
                f"{total.cycles_found} of {total.cycles}",
                total.cycles_undecided,
                error,
                f"{total.connections_found} of {total.connections}",
                len(total.wrong),
                f"{sum(taken for _, taken in rows):.2g}",
            )
        )
    return lines


def cell(made: Count) -> str:
    """Tell of a system what was found, without what is not there."""
    parts = [f"{made.right} of {made.equilibria} kinds"]
    if made.found != made.right:
        parts = [f"{made.found} of {made.equilibria} points, {made.right} kinds"]
    if made.curves:
        points = f" as {made.points_of_curves} points" if made.points_of_curves else ""
        parts.append(f"{made.curves_found} of {made.curves} curves{points}")
    if made.cycles:
        undecided = f", {made.cycles_undecided} undecided" if made.cycles_undecided else ""
        parts.append(f"{made.cycles_found} of {made.cycles} cycles{undecided}")
    if made.connections:
        parts.append(f"{made.connections_found} of {made.connections} connections")
    if made.wrong:
        parts.append(f"**{len(made.wrong)} wrong**")
    return "; ".join(parts)


def main() -> int:
    """Print both tables, and every wrong claim."""
    report = Report(__doc__)
    systems = known_systems()
    made = {name: measure(tool, systems) for name, tool in tools(report).items()}
    for text in totals(made):
        report.say(text)
    finding = {name: rows for name, rows in made.items() if "draws only" not in name}
    report.say()
    report.say(line("system", *finding))
    report.say("|---" * (1 + len(finding)) + "|")
    for k, known in enumerate(systems):
        report.say(line(known.title, *(cell(rows[k][0]) for rows in finding.values())))
    report.say()
    for name, rows in made.items():
        for known, (row, _) in zip(systems, rows, strict=True):
            for claim in row.wrong:
                report.say(f"  wrong: {name}: {known.name}: {claim}")
    own = sum((row for row, _ in next(iter(made.values()))), Count())
    report.at_most("wrong claims of EQPP Dash", len(own.wrong), 0)
    report.at_least("equilibria of the right kind", own.right, own.equilibria, "")
    decided = own.cycles_found + own.cycles_undecided
    report.at_least("limit cycles found or said to be undecided", decided, own.cycles, "")
    report.at_least("connections", own.connections_found, own.connections, "")
    return report.finish()


if __name__ == "__main__":
    raise SystemExit(main())
