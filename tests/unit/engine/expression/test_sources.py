"""JavaScript, GLSL and programs of expressions agree with the tape and with mpmath."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, rebuild, topological
from eqpp_dash.engine.expression.program import OPERATIONS
from eqpp_dash.engine.expression.sources import to_glsl, to_javascript, to_program
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.system import parse_system

UNARY = [n for n, (count, _, _) in primitives.FUNCTIONS.items() if count == 1]
BINARY = [n for n, (count, _, _) in primitives.FUNCTIONS.items() if count == 2 and n != "root"]
EDGES = [
    *(math.nan, math.inf, -math.inf, 0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 0.74, 0.76, 2.4),
    *(-2.6, 5.9, 7.0, 30.0, -710.0, 1e-300, -1e-20, 1e10, -1e17, 1e300),
]


def tool(name: str, package: str) -> str:
    path = shutil.which(name)
    assert path, f"this test needs {name}: sudo apt-get install -y {package}"
    return path


def run_javascript(cases: list[tuple[str, float, list[float], list[float]]]) -> list[list[float]]:
    """Run sources with time, variables and parameters, all in one process."""
    calls = ",\n".join(
        f"(() => {{ {source}\nreturn field(N({json.dumps(str(t))}), {json.dumps([*map(str, x)])}"
        f".map(N), {json.dumps([*map(str, p)])}.map(N)); }})()"
        for source, t, x, p in cases
    )
    script = (
        "'use strict'; const N = s => s === 'inf' ? Infinity : s === '-inf' ? -Infinity "
        f": Number(s);\nconst all = [\n{calls}\n];\n"
        "console.log(JSON.stringify(all.map(v => v.map(a => Object.is(a, -0) ? '-0' : String(a)))))"
    )
    node = tool("node", "nodejs")
    done = subprocess.run([node, "-"], input=script, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return [[float(value) for value in row] for row in json.loads(done.stdout)]


def run_javascript_over(source: str, points: Any) -> list[list[float]]:
    """Run one source at many states, shape (m, n)."""
    given = json.dumps([[repr(value) for value in row] for row in points.tolist()])
    script = (
        f"'use strict';\n{source}\nconst N = s => Number(s.replace('inf', 'Infinity'));\n"
        f"const all = {given}.map(x => field(0, x.map(N), []));\n"
        "console.log(JSON.stringify(all.map(v => v.map(a => Object.is(a, -0) ? '-0' : String(a)))))"
    )
    node = tool("node", "nodejs")
    done = subprocess.run([node, "-"], input=script, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return [[float(value) for value in row] for row in json.loads(done.stdout)]


def leaf(graph: Graph, choice: int) -> Node:
    if choice < 4:
        return graph.symbol(
            *(("variable", "x"), ("variable", "y"), ("parameter", "a"), ("time",))[choice]
        )
    return graph.symbol("pi") if choice == 4 else graph.constant(choice - 9)


def grow(graph: Graph, moves: list[tuple[int, int, int, int]]) -> Node:
    """Make an expression: every move applies an operation to what is there."""
    stack = [leaf(graph, i) for i in range(12)]
    for kind, i, j, k in moves:
        a, b, c = stack[-1 - i % len(stack)], stack[-1 - j % len(stack)], stack[-1 - k % len(stack)]
        match kind % 10:
            case 0:
                made = graph.add(a, graph.scale(k - 5, b))
            case 1:
                made = graph.multiply(a, b)
            case 2:
                made = graph.divide(a, b)
            case 3:
                made = graph.power(a, graph.constant(k - 4))
            case 4:
                made = graph.power(a, b)
            case 5:
                made = graph.root(a, (3, 5, 7)[k % 3])
            case 6:
                made = graph.call("select", graph.call("lt", a, b), b, c)
            case 7:
                made = graph.power(a, graph.divide(graph.one, graph.constant((2, -2)[k % 2])))
            case 8:
                made = graph.call(BINARY[k % len(BINARY)], a, b)
            case _:
                made = graph.call(UNARY[(k + 12 * j) % len(UNARY)], a)
        stack.append(made)
    return stack[-1]


NUMBER = st.integers(0, 11)
MOVES = st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), min_size=1, max_size=7)
PLACE = st.tuples(*[st.floats(-3, 3).map(lambda value: round(value, 3))] * 4)


def collect(count: int) -> list[tuple[Graph, Node, tuple[float, ...]]]:
    found: list[tuple[Graph, Node, tuple[float, ...]]] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(MOVES, PLACE)
    def gather(moves: list[tuple[int, int, int, int]], place: tuple[float, ...]) -> None:
        graph = Graph()
        try:
            found.append((graph, grow(graph, moves), place))
        except ConstantError:
            return

    gather()
    return found


def with_variable(graph: Graph, node: Node) -> Node:
    """Take the parameter as a variable, so that it is rounded as in the sources."""
    variable = graph.symbol("variable", "a")
    return rebuild(graph, [node], lambda n: variable if n.op == "parameter" else None)[0]


def test_random_expressions_in_javascript() -> None:
    cases, wanted = [], []
    for graph, node, (t, x, y, a) in collect(500):
        tape = Tape([with_variable(graph, node)], ["x", "y", "a"])
        source = to_javascript([node], ["x", "y"], ["a"])
        cases.append((source, t, [x, y], [a]))
        at = np.array([[x], [y], [a]])
        (box,) = tape.boxes(at, at, (t, t))
        wanted.append((tape.scalar(t, (x, y, a))[0], float(box.lo[0]), float(box.hi[0])))
    checked = 0
    for case, (value, lo, hi), (found,) in zip(cases, wanted, run_javascript(cases), strict=True):
        if math.isfinite(hi - lo) and math.isfinite(value):
            checked += 1
            assert abs(found - value) <= 2 * (hi - lo) + 1e-300, case
        elif math.isnan(lo):
            assert not math.isfinite(found), case
    assert checked > len(cases) / 3
    assert len(cases) > 300


def test_primitives_in_javascript_at_the_edges() -> None:
    graph = Graph()
    x, y, t = graph.symbol("variable", "x"), graph.symbol("variable", "y"), graph.symbol("time")
    nodes = [graph.call(name, x) for name in UNARY]
    nodes += [graph.call("power" if n == "power" else n, x, y) for n in BINARY if n != "power"]
    nodes += [graph.power(x, y), graph.call("select", x, y, t), graph.root(x, 3), graph.root(x, 5)]
    nodes += [graph.power(x, graph.constant(n)) for n in (-3, 2, 7, 64, 65, 101)]
    tape, source = Tape(nodes, ["x", "y"]), to_javascript(nodes, ["x", "y"])
    points = list(itertools.product(EDGES, EDGES))
    found = np.array(run_javascript([(source, 4.0, list(point), []) for point in points]))
    wanted = tape.evaluate(4.0, np.array(points).T).T
    for point, got, right in zip(points, found, wanted, strict=True):
        for node, a, b in zip(nodes, got, right, strict=True):
            assert a == pytest.approx(b, rel=1e-13, abs=1e-300, nan_ok=True), (node, point)


def test_functions_in_javascript_against_mpmath() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    nodes = [graph.call("erf", x), graph.call("sinc", x), graph.call("sinc slope", x)]
    nodes.append(graph.root(x, 5))
    points = [float(value) for value in np.linspace(-6.5, 6.5, 301)]
    rows = run_javascript([(to_javascript(nodes, ["x"]), 0.0, [v], []) for v in points])
    with mpmath.workdps(40):
        for point, (erf, sinc, slope, root) in zip(points, rows, strict=True):
            v = mpmath.mpf(point)
            assert erf == pytest.approx(float(mpmath.erf(v)), rel=4e-15)
            assert sinc == pytest.approx(float(mpmath.sinc(v)), rel=1e-14, abs=1e-16)
            exact = (v * mpmath.cos(v) - mpmath.sin(v)) / v**2 if v else 0
            assert slope == pytest.approx(float(exact), rel=1e-14, abs=1e-15)
            assert root == pytest.approx(float(mpmath.sign(v) * mpmath.root(abs(v), 5)), rel=1e-15)


def hostile() -> tuple[list[Node], list[str], list[str]]:
    graph = Graph()
    x, a = '"];alert(1)//', "*/ process.exit(); /*"
    made = graph.multiply(graph.symbol("variable", x), graph.symbol("parameter", a))
    return [graph.call("sin", made), graph.add(made, graph.symbol("time"))], [x], [a]


def test_names_never_reach_a_source() -> None:
    nodes, variables, parameters = hostile()
    for text in (
        to_javascript(nodes, variables, parameters),
        to_glsl(nodes, variables, parameters),
        json.dumps(to_program(nodes, variables, parameters)),
    ):
        assert "alert" not in text
        assert "process" not in text
        assert text.isascii()
    (row,) = run_javascript([(to_javascript(nodes, variables, parameters), 3.0, [2.0], [0.5])])
    assert row == pytest.approx([math.sin(1.0), 4.0])
    with pytest.raises(KeyError):
        to_javascript(nodes, [], parameters)
    with pytest.raises(KeyError):
        to_program(nodes, variables)


def interpret(rows: list[list[Any]], t: float, x: list[float], p: list[float]) -> list[float]:
    """Run a program with the meanings of the primitives."""
    kinds: dict[str, Any] = {"x": x, "p": p}
    plain = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}
    plain |= {"neg": np.negative, "sqrt": np.sqrt}
    values: list[float] = []
    for name, *rest in rows[:-1]:
        if name == "const":
            values.append(float(rest[0]))
        elif name in kinds:
            values.append(kinds[name][rest[0]])
        elif name == "t":
            values.append(t)
        elif name == "root":
            values.append(primitives.scalar_value("root", values[rest[0]], rest[1]))
        else:
            assert len(rest) == OPERATIONS[name]
            args = [np.float64(values[place]) for place in rest]
            with np.errstate(all="ignore"):
                call = plain.get(name)
                values.append(float(call(*args)) if call else primitives.scalar_value(name, *args))
    return [values[place] for place in rows[-1][1:]]


def test_programs_compute_what_the_tape_computes() -> None:
    checked = 0
    for graph, node, (t, x, y, a) in collect(300):
        rows = json.loads(json.dumps(to_program([node], ["x", "y"], ["a"]), allow_nan=False))
        tape = Tape([with_variable(graph, node)], ["x", "y", "a"])
        at = np.array([[x], [y], [a]])
        (box,) = tape.boxes(at, at, (t, t))
        value, width = tape.scalar(t, (x, y, a))[0], float(box.hi[0] - box.lo[0])
        if math.isfinite(width) and math.isfinite(value):
            checked += 1
            (found,) = interpret(rows, t, [x, y], [a])
            assert abs(found - value) <= width + 1e-300, rows
    assert checked > 100


def test_a_system_and_its_jacobian_share_their_parts() -> None:
    system = parse_system("x' = mu*(1 - exp(x*y))*y\ny' = x/exp(x*y)")
    graph, nodes = system._graph, list(system._components)
    slopes = [
        slope
        for name in system.variables
        for slope in differentiate(graph, nodes, graph.symbol("variable", name))
    ]
    source = to_javascript(nodes + slopes, system.variables, system.parameters)
    assert source.count("Math.exp(") <= 2
    assert len(re.findall(r"const r\d+ = x0 \* x1;|const r\d+ = x1 \* x0;", source)) == 1
    (row,) = run_javascript([(source, 0.0, [0.3, -0.7], [1.5])])
    field = system.compile({"mu": 1.5})
    assert row[:2] == pytest.approx(field.scalar(0.0, [0.3, -0.7]), rel=1e-14)
    exact = field.jacobian(0.0, np.array([0.3, -0.7]))
    assert pytest.approx(exact, rel=1e-13) == np.array(row[2:]).reshape(2, 2).T


def test_glsl_is_accepted_by_the_reference_compiler(tmp_path: Path) -> None:
    path = tool("glslangValidator", "glslang-tools")
    graph = Graph()
    x, y, t = graph.symbol("variable", "x"), graph.symbol("variable", "y"), graph.symbol("time")
    every = [graph.call(name, x) for name in UNARY]
    every += [graph.call(name, x, y) for name in BINARY if name != "power"]
    every += [graph.power(x, y), graph.call("select", x, y, t), graph.root(x, 5), graph.one]
    every += [graph.scale(-(10**60), x), graph.symbol("undefined"), graph.negate(y)]
    groups = [(every, ["x", "y"], ["a"]), *((([n], ["x", "y"], ["a"])) for n in every), hostile()]
    groups += [([node], ["x", "y"], ["a"]) for _, node, _ in collect(60)]
    files = []
    for i, (nodes, variables, parameters) in enumerate(groups):
        source = to_glsl(nodes, variables, parameters)
        n, p = len(variables), len(parameters)
        file = tmp_path / f"{i}.frag"
        file.write_text(
            f"#version 300 es\n{source}\nuniform float t, x[{n}], p[{p}];\nout vec4 color;\n"
            f"void main() {{ float f[{len(nodes)}]; field(t, x, p, f); color = vec4(f[0]); }}\n"
        )
        files.append(str(file))
    done = subprocess.run([path, *files], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:]


def test_glsl_is_written_in_single_precision() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    source = to_glsl([graph.scale(10**60, x), graph.add(x, graph.symbol("pi"))], ["x"])
    body = source[source.index("void field") :]
    assert body.startswith("void field(float t, float x[1], float p[1], out float f[2]) {")
    assert "f_infinity() * x[0]" in body
    assert "3.1415927" in body
    assert "__" not in source


def test_every_operation_can_be_written() -> None:
    graph = Graph()
    args = [graph.symbol("variable", name) for name in "xyz"]
    for name, (count, _, _) in primitives.FUNCTIONS.items():
        if name in ("root", "power"):
            continue
        node = graph.call(name, *args[:count])
        assert topological([node])[-1] is node
        assert to_javascript([node], "xyz").isascii()
        assert to_glsl([node], "xyz").isascii()
