"""Noise and measurement in mid-circuit: density matrices, trajectories, deferred measurements."""
