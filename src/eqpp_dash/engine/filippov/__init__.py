"""Planar fields with jumps, as A. F. Filippov takes them: pieces, sliding, pseudo-equilibria."""
