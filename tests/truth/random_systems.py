"""Random planar systems against answers found in another way.

    python tests/truth/random_systems.py [--polynomial 500] [--transcendental 200]
        [--without-cycles 200] [--seed 1]

* Equilibria: those proved to be all in the window are compared with the points to which Newton's
  method goes from a fine grid, and, for polynomials, from the eigenvalues of the companion pencil
  of the Sylvester matrix. The fields are evaluated by numpy on the text, and their derivatives
  taken by complex steps: nothing of the package is used. Only simple zeros are compared: multiple
  ones and curves of them are beyond Newton's method.
* Limit cycles: gradient fields, and fields of one sign of divergence times a positive factor,
  have none. Neither the portrait's search, which looks for a proof first, nor the bare search
  for cycles may claim one.

Ends with 1 if any answer differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from scipy import linalg

from eqpp_dash import PortraitSpec, compute_portrait, parse_system
from eqpp_dash.engine.cycles import find_limit_cycles
from eqpp_dash.engine.equilibria import find_equilibria

WINDOW = {"x": (-3.0, 3.0), "y": (-2.5, 3.5)}
LIMITS = np.array(list(WINDOW.values()))
MARGIN = 1e-6
SAME = 1e-6
FUNCTIONS = {"sin": np.sin, "cos": np.cos, "exp": np.exp, "tanh": np.tanh}
Field = Callable[[np.ndarray], np.ndarray]
Rng = np.random.Generator


# ---- random systems ------------------------------------------------------------------------


def coefficient(rng: Rng) -> str:
    """Give a number of one decimal, not zero."""
    return str(rng.integers(1, 31) / 10 * rng.choice((-1, 1)))


def coefficients(rng: Rng, degree: int) -> dict[tuple[int, int], float]:
    """Give a polynomial whose terms are about as large as each other in the window."""
    terms = {}
    for i in range(degree + 1):
        for j in range(degree + 1 - i):
            if i + j == degree or rng.random() < 0.6:
                size = rng.normal() * 2.0 ** (2 - i - j)
                terms[i, j] = round(float(size), 3) or 0.125
    return terms


def written(terms: dict[tuple[int, int], float]) -> str:
    return " + ".join(f"({value})*x^{i}*y^{j}" for (i, j), value in terms.items())


def transcendental(rng: Rng) -> str:
    """Give a sum of three random terms."""
    inner = ["x", "y", "x + y", "x - 0.7*y", "x*y", "x^2 - y", "2*x", "y^2 - 0.5", "1.3*y + 0.4"]
    terms = []
    for _ in range(3):
        function, inside = rng.choice(list(FUNCTIONS)), str(rng.choice(inner))
        if function == "exp":
            inside = f"-({inside})^2/2" if "^2" not in inside else f"0.3*({inside})"
        factor = rng.choice(["", "*x", "*y"])
        terms.append(f"({coefficient(rng)})*{function}({inside}){factor}")
    return " + ".join([*terms, f"({coefficient(rng)})*{rng.choice(['1', 'x', 'y'])}"])


def without_cycles(rng: Rng) -> str:
    """Give a system that is known to have no limit cycle."""
    potential = coefficients(rng, int(rng.integers(2, 5)))
    x, y = derivative(potential, 0), derivative(potential, 1)
    if rng.random() < 0.5:
        wave = ""
        if rng.random() < 0.5:
            wave = f" + ({coefficient(rng)})*cos(x)"  # of the potential -sin(x)
        return f"x' = {written(x)}{wave}; y' = {written(y)}"
    damping = f"({rng.integers(1, 20) / 10})*x + ({rng.integers(0, 5) / 10})*x^3"
    factor = rng.choice(["1", "(1 + x^2)", "exp(0.3*y)", "(1 + x^2 + y^2)"])
    other = f"({rng.integers(1, 20) / 10})*y"
    return f"x' = {factor}*({written(y)} - ({damping})); y' = {factor}*(-({written(x)}) - {other})"


def derivative(terms: dict[tuple[int, int], float], axis: int) -> dict[tuple[int, int], float]:
    """Differentiate a polynomial; rounded, so that both components match."""
    found = {}
    for (i, j), value in terms.items():
        power = (i, j)[axis]
        if power:
            found[(i - 1, j) if axis == 0 else (i, j - 1)] = value * power
    return found or {(0, 0): 0.0}


# ---- the other way -------------------------------------------------------------------------


def numpy_field(text: str) -> Field:
    """Make a function of points, real or complex, shape (2, m), by numpy alone."""
    parts = [part.split("=")[1].replace("^", "**") for part in text.split(";")]
    codes = [compile(part.strip(), "field", "eval") for part in parts]

    def field(point: np.ndarray) -> np.ndarray:
        names = {**FUNCTIONS, "x": point[0], "y": point[1], "__builtins__": {}}
        return np.stack([np.broadcast_to(eval(code, names), point[0].shape) for code in codes])  # noqa: S307

    return field


def newton(field: Field, points: np.ndarray) -> np.ndarray:
    """Follow Newton's method from points; give where it stops at zeros, shape (2, k)."""
    at = points
    span = np.ptp(LIMITS, axis=1).max()
    for _ in range(60):
        value, (dx, dy) = field(at), slopes(field, at)
        with np.errstate(all="ignore"):
            det = dx[0] * dy[1] - dy[0] * dx[1]
            step = np.stack(
                [dy[0] * value[1] - dy[1] * value[0], dx[1] * value[0] - dx[0] * value[1]]
            )
            step = step / det
            step *= np.minimum(1.0, 0.25 * span / np.hypot(*step))
        at = at + step
        good = np.isfinite(at).all(axis=0) & (np.abs(at) < 100.0).all(axis=0)
        at = at[:, good]
        size = np.hypot(*step[:, good])
    return at[:, size <= 1e-10]


def slopes(field: Field, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate a field by x and by y, by complex steps."""
    tiny = 1e-100
    dx, dy = (field(at + step).imag / tiny for step in tiny * 1j * np.eye(2)[:, :, None])
    return dx, dy


def regular(field: Field, at: np.ndarray) -> np.ndarray:
    """Tell which zeros are simple, so that Newton's method tells them apart; shape (k,)."""
    dx, dy = slopes(field, at)
    return np.abs(dx[0] * dy[1] - dy[0] * dx[1]) > 1e-6 * (dx**2 + dy**2).sum(axis=0)


def grid(count: int) -> np.ndarray:
    sides = [np.linspace(low, high, count) for low, high in LIMITS]
    return np.stack(np.meshgrid(*sides)).reshape(2, -1)


def eliminate(p: dict[tuple[int, int], float], q: dict[tuple[int, int], float]) -> np.ndarray:
    """Give points near common zeros of two polynomials, by a matrix pencil; shape (2, k)."""
    m, n = (max(j for _, j in terms) for terms in (p, q))
    if not m or not n:
        return np.empty((2, 0))
    degree = max(i for terms in (p, q) for i, _ in terms)
    size = m + n
    rows = np.zeros((degree + 1, size, size))
    for terms, top, first, shifts in ((p, m, 0, n), (q, n, n, m)):
        for (i, j), value in terms.items():
            for k in range(shifts):
                rows[i, first + k, k + top - j] = value
    if not degree:
        return np.empty((2, 0))
    a, b = np.zeros((2, degree * size, degree * size))
    for k in range(degree - 1):
        a[k * size : (k + 1) * size, (k + 1) * size : (k + 2) * size] = np.eye(size)
        b[k * size : (k + 1) * size, k * size : (k + 1) * size] = np.eye(size)
    for k in range(degree):
        a[-size:, k * size : (k + 1) * size] = -rows[k]
    b[-size:, -size:] = rows[degree]
    with np.errstate(all="ignore"):
        values = linalg.eigvals(a, b)
    values = values[np.isfinite(values)]
    near = values[np.abs(values.imag) <= 1e-3 * (1.0 + np.abs(values))].real
    points = []
    for x in near[np.abs(near) < 100.0]:
        for terms, top in ((p, m), (q, n)):
            powers = np.zeros(top + 1)
            for (i, j), value in terms.items():
                powers[top - j] += value * x**i
            points += [(x, y.real) for y in np.roots(powers) if abs(y.imag) <= 1e-2 * (1 + abs(y))]
    return np.array(points).reshape(-1, 2).T


def distinct(points: np.ndarray) -> np.ndarray:
    """Give the points of a window, one of each that are the same within rounding; shape (k, 2)."""
    inside = (points >= LIMITS[:, :1] + MARGIN) & (points <= LIMITS[:, 1:] - MARGIN)
    left, found = points[:, inside.all(axis=0)].T, []
    while len(left):
        found.append(left[0])
        left = left[np.abs(left - left[0]).max(axis=1) > SAME]
    return np.array(found).reshape(-1, 2)


# ---- comparing -----------------------------------------------------------------------------


def compare_equilibria(text: str, starts: np.ndarray, count: int = 60) -> str:
    """Tell how the equilibria compare: ``equal``, ``undecided`` or what differs."""
    compiled = parse_system(text).compile({})
    found = find_equilibria(compiled, WINDOW)
    field = numpy_field(text)
    zeros = newton(field, np.concatenate([grid(count), starts], axis=1))
    listed = np.array([e.point for e in found.equilibria]).reshape(-1, 2).T
    other, ours = (distinct(points[:, regular(field, points)]) for points in (zeros, listed))
    lost = [p for p in other if not len(ours) or np.abs(ours - p).max(axis=1).min() > SAME]
    alone = [p for p in ours if not len(other) or np.abs(other - p).max(axis=1).min() > SAME]
    if found.completeness == "proved" and all(e.evidence == "proved" for e in found.equilibria):
        if lost:
            return f"not found: {lost[:5]}"
        if alone:
            return f"found by us alone: {alone[:5]}"
        return "equal"
    return f"not found, nor said to be all: {lost[:5]}" if lost else "undecided"


def claim_of_cycles(text: str) -> str:
    """Tell whether a cycle is claimed where there is none: ``none`` or what is claimed."""
    portrait = compute_portrait(
        PortraitSpec(text, window=WINDOW, analyses=("equilibria", "cycles"))
    )
    if portrait.limit_cycles:
        return "the portrait has a cycle"
    compiled = parse_system(text).compile({})
    known = find_equilibria(compiled, WINDOW)
    bare = find_limit_cycles(compiled, WINDOW, known.equilibria, known.singularities)
    if bare.cycles:
        return f"the search finds a cycle at {bare.cycles[0].point}"
    proved = portrait.completeness["limit_cycles"].startswith("none")
    gaps = portrait.cycle_gaps or bare.undecided
    return "undecided" if gaps else "proved none" if proved else "none found"


def polynomial_answers(rng: Rng, count: int) -> Iterator[tuple[str, str]]:
    for _ in range(count):
        p, q = (coefficients(rng, int(rng.integers(1, 5))) for _ in range(2))
        text = f"x' = {written(p)}; y' = {written(q)}"
        yield text, compare_equilibria(text, eliminate(p, q))


def transcendental_answers(rng: Rng, count: int) -> Iterator[tuple[str, str]]:
    for _ in range(count):
        text = f"x' = {transcendental(rng)}; y' = {transcendental(rng)}"
        yield text, compare_equilibria(text, np.empty((2, 0)), 120)


def cycle_answers(rng: Rng, count: int) -> Iterator[tuple[str, str]]:
    for _ in range(count):
        text = without_cycles(rng)
        yield text, claim_of_cycles(text)


RIGHT = ("equal", "undecided", "proved none", "none found")
FAMILIES = {
    "polynomial": polynomial_answers,
    "transcendental": transcendental_answers,
    "without-cycles": cycle_answers,
}


def main() -> int:
    """Compare, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, count in (("polynomial", 500), ("transcendental", 200), ("without-cycles", 200)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    options = vars(parser.parse_args())
    wrong = 0
    for name, answers in FAMILIES.items():
        began, counts = time.process_time(), Counter[str]()
        rng = np.random.default_rng(options["seed"])
        for text, answer in answers(rng, options[name.replace("-", "_")]):
            counts[answer if answer in RIGHT else "wrong"] += 1
            if answer not in RIGHT:
                print(f"{answer}\n    {text}", flush=True)
            elif answer == "undecided":
                print(f"undecided: {text}", flush=True)
        told = ", ".join(f"{number} {answer}" for answer, number in counts.items())
        taken = time.process_time() - began
        print(f"{counts.total()} {name}: {told}; {taken:.0f} s of the processor", flush=True)
        wrong += counts["wrong"]
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
