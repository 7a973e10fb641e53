"""Polynomials in kernels with whole coefficients, their exponents packed into one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eqpp_dash.engine.expression.graph import Node, topological

#: Packed exponents -> coefficient: the power of kernel i is the i-th group of `BITS` bits.
Packed = dict[int, int]
BITS = 12
MASK = (1 << BITS) - 1
MAX_POWER = 1 << (BITS - 2)
MAX_TERMS = 3000
#: A polynomial that can be a key.
FactorKey = tuple[tuple[int, int], ...]


@dataclass(slots=True, eq=False)
class Quotient:
    """A polynomial over a product of powers of polynomials."""

    above: Packed
    below: dict[FactorKey, int]

    @property
    def is_zero(self) -> bool:
        """Whether it was reduced to zero."""
        return not self.above


def number_of(key: FactorKey) -> int | None:
    """Give the number that a factor is; None where it is no number."""
    return key[0][1] if len(key) == 1 and key[0][0] == 0 else None


def powers(monomial: int) -> Iterator[tuple[int, int]]:
    """List the kernels of a monomial with their powers."""
    place = 0
    while monomial:
        k = monomial & MASK
        if k:
            yield place, k
        monomial >>= BITS
        place += 1


def contains(node: Node, symbol: Node) -> bool:
    """Tell whether an expression contains a symbol."""
    return symbol in topological([node])


def fits(top: int, lead: int) -> bool:
    """Tell whether every power in `lead` is at most that in `top`."""
    while lead:
        if lead & MASK > top & MASK:
            return False
        lead >>= BITS
        top >>= BITS
    return True


def frozen(p: Packed) -> FactorKey:
    """Give a polynomial as a key."""
    return tuple(sorted(p.items()))


def key_of(a: Quotient) -> Any:
    """Give a quotient as a key."""
    return frozen(a.above), frozenset(a.below.items())
