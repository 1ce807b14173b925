"""Sweeps as compiled loops on a CPU (optional, by numba).

`calls` gives samplers their methods; `lanes` and `words` are the loops, made of `registers`;
`descents` polishes.
"""
