"""Polynomial maps with interval bounds: a small stand-in for compiled fields in these tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Enclosure:
    lo: np.ndarray
    hi: np.ndarray
    continuous: np.ndarray


def widen(lo, hi):
    return np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf)


class Polynomial:
    """Sum of coefficient * x**i * y**j, given as {(i, j): coefficient}."""

    def __init__(self, terms, text="polynomial"):
        self.terms = {k: v for k, v in terms.items() if v != 0}
        self.text = self.latex = text

    def __call__(self, t, x):
        total = np.zeros(np.shape(x)[1:])
        for powers, c in self.terms.items():
            total = total + c * np.prod([x[k] ** p for k, p in enumerate(powers)], axis=0)
        return total

    def derivative(self, axis):
        result = {}
        for powers, c in self.terms.items():
            if powers[axis]:
                lower = list(powers)
                lower[axis] -= 1
                result[tuple(lower)] = c * powers[axis]
        return Polynomial(result)

    def gradient(self, t, x):
        return np.stack([self.derivative(k)(t, x) for k in range(len(x))])

    def bounds(self, lo, hi):
        low, high = np.zeros(lo.shape[1]), np.zeros(lo.shape[1])
        for powers, c in self.terms.items():
            a, b = np.full(lo.shape[1], float(c)), np.full(lo.shape[1], float(c))
            for k, p in enumerate(powers):
                ends = np.stack([lo[k] ** p, hi[k] ** p])
                s, t = ends.min(axis=0), ends.max(axis=0)
                if p and p % 2 == 0:
                    s = np.where((lo[k] <= 0) & (hi[k] >= 0), 0.0, s)
                for _ in range(p):
                    s, t = widen(s, t)
                products = np.stack([a * s, a * t, b * s, b * t])
                a, b = widen(products.min(axis=0), products.max(axis=0))
            low, high = widen(low + a, high + b)
        return low, high

    def boxes(self, lo, hi):
        return Enclosure(*self.bounds(lo, hi), np.ones(lo.shape[1], bool))

    def gradient_boxes(self, lo, hi):
        parts = [self.derivative(k).bounds(lo, hi) for k in range(len(lo))]
        return Enclosure(
            np.stack([p[0] for p in parts]),
            np.stack([p[1] for p in parts]),
            np.ones(lo.shape[1], bool),
        )
