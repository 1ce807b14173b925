"""The engine's kernels as compiled loops on a CPU.

`unrolled` makes their programs, `moves` the tables of permutations, `calls` lets XLA call the
`loops`, which are made of `registers`.
"""
