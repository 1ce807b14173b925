"""One function with a program for each platform: what is traced, and how it composes."""

import jax
import jax.numpy as jnp
import numpy as np

from circuits.simulation.engine.platforms import by_platform


def noted(calls, name, factor):
    """A function of a tree and an array that notes each tracing."""

    def function(tree, x):
        calls.append(name)
        return factor * tree["a"] * x**2

    return function


def squares(calls):
    # On purpose not the same function, so that it shows which one was used.
    cpu, others = noted(calls, "cpu", 1.0), noted(calls, "others", 10.0)
    return by_platform(cpu, others, like=lambda tree, x: x)


def test_only_what_is_compiled_is_traced():
    calls = []
    function, arguments = jax.jit(squares(calls)), ({"a": jnp.ones(3)}, jnp.arange(3.0))
    np.testing.assert_array_equal(function(*arguments), [0, 1, 4])
    assert set(calls) == {"cpu"}
    calls.clear()
    jax.export.export(function, platforms=["cuda"])(*arguments)
    assert set(calls) == {"others"}
    calls.clear()
    jax.export.export(function, platforms=["cpu", "cuda"])(*arguments)
    assert set(calls) == {"cpu", "others"}


def test_a_map_computes_one_by_one_and_eagerly_it_is_the_same():
    function, trees = squares([]), {"a": jnp.arange(4.0)[:, None] * jnp.ones(3)}
    mapped = jax.vmap(function, in_axes=({"a": 0}, None))(trees, jnp.arange(3.0))
    np.testing.assert_array_equal(mapped, trees["a"] * jnp.arange(3.0) ** 2)
    transposed = jax.jit(jax.vmap(function, in_axes=({"a": None}, 1)))
    got = transposed({"a": jnp.ones(3)}, jnp.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(got, jnp.arange(6.0).reshape(3, 2).T ** 2)


def test_derivatives_are_those_of_the_program_in_jax():
    function = squares([])
    gradient = jax.grad(lambda x: function({"a": jnp.ones(2)}, x).sum())(jnp.array([1.0, 3.0]))
    np.testing.assert_array_equal(gradient, [20.0, 60.0])
