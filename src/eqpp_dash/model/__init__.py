"""Frozen values: what is asked and what is answered."""
