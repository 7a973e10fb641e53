"""Exact algebra over the rationals: polynomials, roots, systems of two equations, kernels.

Every computation takes a `Work` and raises `TooLargeError` when its budget is spent.
"""
