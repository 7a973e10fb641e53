"""Trajectories of fields with jumps and kinks: piece by piece, sliding included.

`cells` tells in which piece a state is and what the field does at a surface, `decide` what a
trajectory does there, `sliding` has the field along a surface, and `follow` runs batches of
trajectories from surface to surface.
"""
