"""Polynomials in kernels with whole coefficients, their exponents packed into one number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.polynomial import Work

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


def divided(p: Packed, key: FactorKey, work: Work) -> Packed | None:
    """Divide exactly; None where there is a remainder, or powers grow too large on the way."""
    divisor = dict(key)
    if len(divisor) > len(p):
        return None
    lead = max(divisor)
    rest = dict(p)
    places = max(rest).bit_length() // BITS + 1
    # the highest bit of each power: beyond, powers would run into each other
    guard = sum(1 << (BITS * place + BITS - 1) for place in range(places))
    quotient: Packed = {}
    for _ in range(len(p) * 2):
        if not rest:
            return quotient
        top = max(rest)
        c, left = divmod(rest[top], divisor[lead])
        shift = top - lead
        if left or shift < 0 or not fits(top, lead) or shift & guard:
            return None
        work.spend(len(divisor))
        quotient[shift] = c
        for m, d in divisor.items():
            value = rest.get(m + shift, 0) - c * d
            if value:
                rest[m + shift] = value
            else:
                rest.pop(m + shift, None)
    return None
