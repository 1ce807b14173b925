"""Samplers over samplers: the problem changed, reduced or split, and the answers put together."""
