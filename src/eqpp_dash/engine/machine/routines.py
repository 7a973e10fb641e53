"""Functions of vectors that stand once in a module and are called wherever they are needed.

A field is evaluated a dozen times a step; one copy of each elementary function keeps the time
to compile it a twelfth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from eqpp_dash.engine.machine.build import scalar_symbol
from eqpp_dash.engine.machine.lanes import Lanes

Pair = tuple[str, str]


def call_routine(lanes: Lanes, name: str, body: Callable[..., str], *args: str) -> str:
    """Call a function of vectors, defining it in the module at its first use.

    Parameters
    ----------
    lanes : Lanes
        Where the call is emitted.
    name : str
        Name of the function, unique in the module among functions of this width.
    body : callable
        Given other lanes and the names of the arguments, emits the function and gives the name
        of its result; may begin new blocks.
    *args : str
        Vectors.

    Returns
    -------
    str
        The result.
    """
    return lanes.call(_define(lanes, name, body, len(args), lanes.vector), *args)


def call_twin_routine(lanes: Lanes, name: str, body: Callable[..., Pair], *args: str) -> Pair:
    """Call a function that gives two vectors; otherwise as `call_routine`."""
    kind = f"{{ {lanes.vector}, {lanes.vector} }}"

    def both(inner: Lanes, *names: str) -> str:
        first, second = body(inner, *names)
        half = inner.emit(f"insertvalue {kind} poison, {inner.vector} {first}, 0")
        return inner.emit(f"insertvalue {kind} {half}, {inner.vector} {second}, 1")

    symbol = _define(lanes, name, both, len(args), kind)
    given = ", ".join(f"{lanes.vector} {arg}" for arg in args)
    result = lanes.emit(f"call {kind} @{symbol}({given})")
    first = lanes.emit(f"extractvalue {kind} {result}, 0")
    return first, lanes.emit(f"extractvalue {kind} {result}, 1")


def _define(lanes: Lanes, name: str, body: Callable[..., str], count: int, kind: str) -> str:
    symbol = f"lanes{lanes.width}.{name}"
    if symbol not in lanes.definitions:
        inner = Lanes(lanes.width, fused=lanes.fused)
        inner.definitions = lanes.definitions
        inner.declarations = lanes.declarations
        names = [f"%a{i}" for i in range(count)]
        result = body(inner, *names)
        head = ", ".join(f"{inner.vector} {name}" for name in names)
        lines = [
            f"define internal {kind} @{symbol}({head}) noinline nounwind {{",
            "entry:",
            *inner.lines,
            f"  ret {kind} {result}",
            "}",
        ]
        lanes.definitions[symbol] = "\n".join(lines)
    return symbol


def mend_lanes(lanes: Lanes, mask: str, usual: str, function: str, *args: str) -> str:
    """Replace single lanes by what a function of the C library gives; costs a test if none is.

    Begins new blocks, so it belongs into the body of a routine.
    """
    symbol = scalar_symbol(function)
    scalars = ", ".join(["double"] * len(args))
    lanes.declare(f"declare double @{symbol}({scalars}) nounwind")
    emit, lines, start = lanes.emit, lanes.lines, lanes.block
    lane, before, after, following = (lanes.name() for _ in range(4))
    mend, replace, skip, done = (f"{part}{lane[1:]}" for part in ("mend", "one", "next", "done"))
    wanted = lanes.any(mask)
    lines.append(f"  br i1 {wanted}, label %{mend}, label %{done}")
    lanes.label(mend)
    lines += [
        f"  {lane} = phi i64 [ 0, %{start} ], [ {following}, %{skip} ]",
        f"  {before} = phi {lanes.vector} [ {usual}, %{start} ], [ {after}, %{skip} ]",
    ]
    wrong = emit(f"extractelement {lanes.mask} {mask}, i64 {lane}")
    lines.append(f"  br i1 {wrong}, label %{replace}, label %{skip}")
    lanes.label(replace)
    given = ", ".join(f"double {lanes.extract(arg, lane)}" for arg in args)
    mended = lanes.insert(before, emit(f"call double @{symbol}({given})"), lane)
    lines.append(f"  br label %{skip}")
    lanes.label(skip)
    lines += [
        f"  {after} = phi {lanes.vector} [ {before}, %{mend} ], [ {mended}, %{replace} ]",
        f"  {following} = add i64 {lane}, 1",
    ]
    last = emit(f"icmp eq i64 {following}, {lanes.width}")
    lines.append(f"  br i1 {last}, label %{done}, label %{mend}")
    lanes.label(done)
    return emit(f"phi {lanes.vector} [ {usual}, %{start} ], [ {after}, %{skip} ]")


def quotient(lanes: Lanes, above: Pair, below: Pair) -> Pair:
    """Divide sums of two doubles, to about 100 bits."""
    inverse = lanes.divide(lanes.constant(1.0), below[0])
    high = lanes.multiply(above[0], inverse)
    rest = lanes.add(remainder(lanes, above[0], high, below[0]), above[1])
    rest = lanes.fma(lanes.negate(high), below[1], rest)
    return high, lanes.multiply(rest, inverse)


def remainder(lanes: Lanes, whole: str, quotient: str, divisor: str) -> str:
    """Give whole - quotient*divisor without error, if the quotient is rounded well."""
    if lanes.fused:
        return lanes.fma(lanes.negate(quotient), divisor, whole)
    product, error = lanes.two_product(quotient, divisor)
    return lanes.subtract(lanes.subtract(whole, product), error)


def module_text(emitters: Iterable[Lanes], functions: Iterable[str]) -> str:
    """Put a module together: declarations, routines, and functions whose bodies were emitted.

    Parameters
    ----------
    emitters : iterable of Lanes
        All that emitted parts of the functions.
    functions : iterable of str
        Definitions, complete.
    """
    declarations: set[str] = set()
    definitions: dict[str, str] = {}
    for lanes in emitters:
        declarations |= lanes.declarations
        definitions |= lanes.definitions
    return "\n".join([*sorted(declarations), *definitions.values(), *functions, ""])


def separate_text(
    emitters: Iterable[Lanes], functions: Iterable[str]
) -> tuple[str, dict[str, str]]:
    """Put modules together of which each holds one routine, so that they need no second making.

    Returns
    -------
    text : str
        The module of the functions.
    routines : dict of str to str
        The module of each routine, by name.
    """
    declarations: set[str] = set()
    definitions: dict[str, str] = {}
    for lanes in emitters:
        declarations |= lanes.declarations
        definitions |= lanes.definitions
    bodies = {
        name: text.replace("define internal", "define", 1) for name, text in definitions.items()
    }
    known = {_called(line): line for line in declarations}
    known |= {name: _declaration(text) for name, text in bodies.items()}

    def module(texts: Iterable[str], own: str = "") -> str:
        text = "\n".join([*texts, ""])
        called = {name for name in _CALLED.findall(text) if name in known and name != own}
        return "\n".join([*sorted(known[name] for name in called), text])

    return module(functions), {name: module([text], name) for name, text in bodies.items()}


_CALLED = re.compile(r"@([\w.]+)\(")


def _called(line: str) -> str:
    """Give the name of the function in a line."""
    found = _CALLED.search(line)
    assert found is not None
    return found[1]


def _declaration(text: str) -> str:
    """Declare the function that a text defines."""
    head = text[: text.index(" noinline")].replace("define", "declare", 1)
    return re.sub(r" %a\d+", "", head)


def sqrt_pair(lanes: Lanes, a: Pair) -> Pair:
    """Take the square root of a sum of two doubles, to about 100 bits."""
    root = lanes.sqrt(a[0])
    rest = lanes.add(remainder(lanes, a[0], root, root), a[1])
    low = lanes.divide(rest, lanes.add(root, root))
    empty = lanes.compare("oeq", root, lanes.constant(0.0))
    return root, lanes.select(empty, lanes.constant(0.0), low)
