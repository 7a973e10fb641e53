"""What is proved about the structure of a planar system: integrals, symmetries, curves."""
