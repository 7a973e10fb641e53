"""Text of LLVM's intermediate representation for vectors of doubles, one lane a trajectory.

A value is a string: the name that an instruction gave its result, or a constant. Nothing here
needs LLVM itself; `build` compiles the text.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

#: Added to a number below 2**51, it leaves the nearest integer in the last bits (ties to even).
ROUNDING = 1.5 * 2.0**52
#: Polynomials of so many coefficients are summed in two halves.
LONG = 8


def double(value: float) -> str:
    """Write a double as LLVM reads it: all 64 bits in hexadecimal digits.

    Examples
    --------
    >>> double(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class Lanes:
    """Emits instructions that act on `width` doubles at once.

    Every operation rounds as IEEE 754 demands, so the same text gives the same bits, whatever LLVM
    makes of it. Where a product and a sum are to be rounded once, that is said by `fma`.

    Parameters
    ----------
    width : int
        Lanes of a vector, a power of two.
    fused : bool
        Whether the processor multiplies and adds in one instruction. If not, `fma` rounds
        twice, and `two_product` splits its factors.
    contract : bool
        Whether `fieldcode.emit_nodes` adds a product by `fma` where nothing else needs it.

    Attributes
    ----------
    vector, mask, integers : str
        Types: ``<8 x double>``, ``<8 x i1>``, ``<8 x i64>``.
    lines : list of str
        The instructions so far; labels and branches may be appended to it.
    declarations : set of str
        Lines that declare what the instructions call.
    definitions : dict of str to str
        Text of the routines that were called, by name.
    block : str
        Label of the block that instructions go to.

    Examples
    --------
    >>> lanes = Lanes(4)
    >>> lanes.add("%x", lanes.constant(1.0))
    '%v1'
    >>> lanes.lines
    ['  %v1 = fadd <4 x double> %x, splat (double 0x3FF0000000000000)']
    """

    def __init__(self, width: int, *, fused: bool = True, contract: bool = False) -> None:
        if width < 1 or width & (width - 1):
            raise ValueError("the number of lanes must be a power of two")
        self.width = width
        self.fused = fused
        self.vector = f"<{width} x double>"
        self.mask = f"<{width} x i1>"
        self.integers = f"<{width} x i64>"
        self.alignment = min(64, 8 * width)
        self.lines: list[str] = []
        self.declarations: set[str] = set()
        self.definitions: dict[str, str] = {}
        self.block = "entry"
        self.contract = contract
        self._count = 0

    # text ---------------------------------------------------------------------------------

    def name(self) -> str:
        """Give a name that no value has yet."""
        self._count += 1
        return f"%v{self._count}"

    def emit(self, instruction: str) -> str:
        """Append an instruction and give the name of its result."""
        name = self.name()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def label(self, name: str) -> None:
        """Begin a block."""
        self.block = name
        self.lines.append(f"{name}:")

    def declare(self, line: str) -> None:
        """Note a declaration that the module needs."""
        self.declarations.add(line)

    def call(self, function: str, *args: str) -> str:
        """Call a function from vectors to a vector that `declarations` or the caller knows."""
        given = ", ".join(f"{self.vector} {arg}" for arg in args)
        return self.emit(f"call {self.vector} @{function}({given})")

    def intrinsic(self, name: str, *args: str) -> str:
        """Call one of LLVM's own functions on vectors, such as ``sqrt``."""
        full = f"llvm.{name}.v{self.width}f64"
        self.declare(f"declare {self.vector} @{full}({', '.join([self.vector] * len(args))})")
        return self.call(full, *args)

    # values -------------------------------------------------------------------------------

    def constant(self, value: float) -> str:
        """Give a vector with the same number in all lanes."""
        return f"splat (double {double(value)})"

    def splat(self, scalar: str) -> str:
        """Spread a double (a name, not a vector) over all lanes."""
        first = self.emit(f"insertelement {self.vector} poison, double {scalar}, i64 0")
        zeros = f"<{self.width} x i32> zeroinitializer"
        return self.emit(f"shufflevector {self.vector} {first}, {self.vector} poison, {zeros}")

    def extract(self, vector: str, lane: str | int) -> str:
        """Take a double out of a lane."""
        return self.emit(f"extractelement {self.vector} {vector}, i64 {lane}")

    def insert(self, vector: str, scalar: str, lane: str | int) -> str:
        """Put a double into a lane."""
        return self.emit(f"insertelement {self.vector} {vector}, double {scalar}, i64 {lane}")

    def load(self, pointer: str, row: str | int) -> str:
        """Read a row of `width` doubles; the rows are aligned to `alignment` bytes."""
        place = self.emit(f"getelementptr {self.vector}, ptr {pointer}, i64 {row}")
        return self.emit(f"load {self.vector}, ptr {place}, align {self.alignment}")

    def store(self, pointer: str, row: str | int, value: str) -> None:
        """Write a row of `width` doubles."""
        place = self.emit(f"getelementptr {self.vector}, ptr {pointer}, i64 {row}")
        self.lines.append(f"  store {self.vector} {value}, ptr {place}, align {self.alignment}")

    # arithmetic ---------------------------------------------------------------------------

    def _binary(self, operation: str, a: str, b: str) -> str:
        return self.emit(f"{operation} {self.vector} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        """Add."""
        return self._binary("fadd", a, b)

    def subtract(self, a: str, b: str) -> str:
        """Subtract."""
        return self._binary("fsub", a, b)

    def multiply(self, a: str, b: str) -> str:
        """Multiply."""
        return self._binary("fmul", a, b)

    def divide(self, a: str, b: str) -> str:
        """Divide."""
        return self._binary("fdiv", a, b)

    def negate(self, a: str) -> str:
        """Change the sign, of zeros and NaN too."""
        return self.emit(f"fneg {self.vector} {a}")

    def fma(self, a: str, b: str, c: str) -> str:
        """Give a*b + c, rounded once where the processor can do that."""
        return self.intrinsic("fma", a, b, c) if self.fused else self.add(self.multiply(a, b), c)

    def sqrt(self, a: str) -> str:
        """Take the square root; NaN below zero."""
        return self.intrinsic("sqrt", a)

    def floor(self, a: str) -> str:
        """Round down."""
        return self.intrinsic("floor", a)

    def ceil(self, a: str) -> str:
        """Round up."""
        return self.intrinsic("ceil", a)

    def absolute(self, a: str) -> str:
        """Clear the sign."""
        return self.intrinsic("fabs", a)

    def copysign(self, a: str, sign: str) -> str:
        """Give the first with the sign of the second."""
        return self.intrinsic("copysign", a, sign)

    def minimum(self, a: str, b: str) -> str:
        """Give the lesser; NaN if either is NaN."""
        return self.select(self.mask_or(self.compare("olt", a, b), self.compare("uno", a, a)), a, b)

    def maximum(self, a: str, b: str) -> str:
        """Give the greater; NaN if either is NaN."""
        return self.select(self.mask_or(self.compare("ogt", a, b), self.compare("uno", a, a)), a, b)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """Evaluate a polynomial by Horner's rule, the constant coefficient first.

        A long one is summed as two of x**2, which halves the time until its value is there.
        """
        if len(coefficients) < LONG:
            result = self.constant(coefficients[-1])
            for coefficient in reversed(coefficients[:-1]):
                result = self.fma(result, x, self.constant(coefficient))
            return result
        square = self.multiply(x, x)
        even = self.polynomial(square, coefficients[::2])
        odd = self.polynomial(square, coefficients[1::2])
        return self.fma(odd, x, even)

    # error-free transformations (Dekker 1971; Ogita, Rump & Oishi 2005) -------------------

    def fast_two_sum(self, a: str, b: str) -> tuple[str, str]:
        """Give a + b and its rounding error, for |a| >= |b|."""
        total = self.add(a, b)
        return total, self.subtract(b, self.subtract(total, a))

    def two_sum(self, a: str, b: str) -> tuple[str, str]:
        """Give a + b and its rounding error."""
        total = self.add(a, b)
        part = self.subtract(total, a)
        rest = self.subtract(a, self.subtract(total, part))
        return total, self.add(rest, self.subtract(b, part))

    def two_product(self, a: str, b: str) -> tuple[str, str]:
        """Give a * b and its rounding error, as far as nothing overflows or underflows."""
        product = self.multiply(a, b)
        if self.fused:
            return product, self.fma(a, b, self.negate(product))
        (ah, al), (bh, bl) = self._split(a), self._split(b)
        error = self.subtract(self.multiply(ah, bh), product)
        error = self.add(error, self.multiply(ah, bl))
        error = self.add(error, self.multiply(al, bh))
        return product, self.add(error, self.multiply(al, bl))

    def _split(self, a: str) -> tuple[str, str]:
        scaled = self.multiply(a, self.constant(2.0**27 + 1.0))
        high = self.subtract(scaled, self.subtract(scaled, a))
        return high, self.subtract(a, high)

    # masks --------------------------------------------------------------------------------

    def compare(self, predicate: str, a: str, b: str) -> str:
        """Compare lane by lane; predicates are LLVM's: ``olt``, ``une``, ``uno``, and so on."""
        return self.emit(f"fcmp {predicate} {self.vector} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        """Give `a` where the mask holds, `b` elsewhere."""
        return self.emit(f"select {self.mask} {mask}, {self.vector} {a}, {self.vector} {b}")

    def mask_and(self, a: str, b: str) -> str:
        """Tell where both hold."""
        return self.emit(f"and {self.mask} {a}, {b}")

    def mask_or(self, a: str, b: str) -> str:
        """Tell where one holds at least."""
        return self.emit(f"or {self.mask} {a}, {b}")

    def mask_not(self, a: str) -> str:
        """Tell where the mask does not hold."""
        return self.emit(f"xor {self.mask} {a}, splat (i1 true)")

    def any(self, mask: str) -> str:
        """Tell, as one ``i1``, whether the mask holds in any lane."""
        bits = self.emit(f"bitcast {self.mask} {mask} to i{self.width}")
        return self.emit(f"icmp ne i{self.width} {bits}, 0")

    # integers -----------------------------------------------------------------------------

    def bits(self, a: str) -> str:
        """Give the 64 bits of each double."""
        return self.emit(f"bitcast {self.vector} {a} to {self.integers}")

    def from_bits(self, a: str) -> str:
        """Give the doubles that have these bits."""
        return self.emit(f"bitcast {self.integers} {a} to {self.vector}")

    def integer(self, operation: str, a: str, b: int | str) -> str:
        """Apply ``add``, ``and``, ``or``, ``xor``, ``shl``, ``lshr`` and so on to integers."""
        other = f"splat (i64 {b})" if isinstance(b, int) else b
        return self.emit(f"{operation} {self.integers} {a}, {other}")

    def integer_compare(self, predicate: str, a: str, b: int) -> str:
        """Compare integers with a constant; predicates are LLVM's: ``eq``, ``ne``, ``ult``."""
        return self.emit(f"icmp {predicate} {self.integers} {a}, splat (i64 {b})")

    def nearest(self, a: str) -> tuple[str, str]:
        """Round numbers below 2**51 to the nearest integer, as doubles and as `ROUNDING` bits.

        The low 52 bits of the second hold the integer (in two's complement), so `and`, `shl`
        and `add` work on them as on the integer itself. NaN stays NaN in the first.
        """
        shifted = self.add(a, self.constant(ROUNDING))
        return self.subtract(shifted, self.constant(ROUNDING)), self.bits(shifted)

    def power_of_two(self, rounded: str) -> str:
        """Give 2**k for the bits of `nearest`, -1022 <= k <= 1023."""
        return self.from_bits(self.integer("shl", self.integer("add", rounded, 1023), 52))
