"""Kinds of equilibria that the linearisation does not decide, by exact local analysis."""
