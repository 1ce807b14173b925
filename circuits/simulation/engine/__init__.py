"""State vectors: circuit to stages (`fusion`), to a program (`program`, `choice`), to arrays.

`matrices` and `parameters` make what the `kernels` apply; `execution` runs it all, and `dispatch`
tells JAX about it. `explain` says what came out.
"""
