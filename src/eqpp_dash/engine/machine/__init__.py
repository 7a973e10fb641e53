"""Machine code for the system just typed: vectors of trajectories, compiled by LLVM."""
