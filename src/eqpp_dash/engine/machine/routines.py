"""Functions of vectors that stand once in a module and are called wherever they are needed.

A field is evaluated a dozen times a step; one copy of each elementary function keeps the time
to compile it a twelfth.
"""

from __future__ import annotations

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
    symbol = f"lanes{lanes.width}.{name}"
    if symbol not in lanes.definitions:
        inner = Lanes(lanes.width, fused=lanes.fused)
        inner.definitions = lanes.definitions
        inner.declarations = lanes.declarations
        names = [f"%a{i}" for i in range(len(args))]
        result = body(inner, *names)
        head = ", ".join(f"{inner.vector} {name}" for name in names)
        lines = [
            f"define internal {inner.vector} @{symbol}({head}) noinline nounwind {{",
            "entry:",
            *inner.lines,
            f"  ret {inner.vector} {result}",
            "}",
        ]
        lanes.definitions[symbol] = "\n".join(lines)
    return lanes.call(symbol, *args)


def mend_lanes(lanes: Lanes, mask: str, usual: str, function: str, *args: str) -> str:
    """Replace single lanes by what a function of the C library gives; costs a test if none is.

    Only for the body of a routine that is in its block ``entry``; leaves it in another one.
    """
    symbol = scalar_symbol(function)
    scalars = ", ".join(["double"] * len(args))
    lanes.declare(f"declare double @{symbol}({scalars}) nounwind")
    emit, lines = lanes.emit, lanes.lines
    wanted = lanes.any(mask)
    lines.append(f"  br i1 {wanted}, label %mend, label %done")
    lanes.label("mend")
    lane, before, after, following = (lanes.name() for _ in range(4))
    lines += [
        f"  {lane} = phi i64 [ 0, %entry ], [ {following}, %next ]",
        f"  {before} = phi {lanes.vector} [ {usual}, %entry ], [ {after}, %next ]",
    ]
    wrong = emit(f"extractelement {lanes.mask} {mask}, i64 {lane}")
    lines.append(f"  br i1 {wrong}, label %replace, label %next")
    lanes.label("replace")
    given = ", ".join(f"double {lanes.extract(arg, lane)}" for arg in args)
    mended = lanes.insert(before, emit(f"call double @{symbol}({given})"), lane)
    lines.append("  br label %next")
    lanes.label("next")
    lines += [
        f"  {after} = phi {lanes.vector} [ {before}, %mend ], [ {mended}, %replace ]",
        f"  {following} = add i64 {lane}, 1",
    ]
    last = emit(f"icmp eq i64 {following}, {lanes.width}")
    lines.append(f"  br i1 {last}, label %done, label %mend")
    lanes.label("done")
    return emit(f"phi {lanes.vector} [ {usual}, %entry ], [ {after}, %next ]")


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


def sqrt_pair(lanes: Lanes, a: Pair) -> Pair:
    """Take the square root of a sum of two doubles, to about 100 bits."""
    root = lanes.sqrt(a[0])
    rest = lanes.add(remainder(lanes, a[0], root, root), a[1])
    low = lanes.divide(rest, lanes.add(root, root))
    empty = lanes.compare("oeq", root, lanes.constant(0.0))
    return root, lanes.select(empty, lanes.constant(0.0), low)
