"""Shared test set-up: x64 on, strict dtype promotion, a persistent compilation cache."""

import os
from pathlib import Path

import jax
import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Most of the suite's time is LLVM at work on programs that run once: less effort there costs a
# third less and leaves XLA's own passes as they are. Read when the first program is compiled.
os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=1 {os.environ.get('XLA_FLAGS', '')}"
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
cache = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".cache" / "jax"))
jax.config.update("jax_compilation_cache_dir", cache)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)

# Compilation makes single examples slow, so no deadline; derandomised so that a failure repeats.
settings.register_profile("project", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("project")


def pytest_configure(config):
    """Let JAX compile what another process is writing into the cache at this moment.

    It writes without a rename, so a half of an entry may be read, or be left by a process that was
    killed; JAX then warns and compiles.
    """
    warning = "ignore:Error reading persistent compilation cache entry:UserWarning"
    config.addinivalue_line("filterwarnings", warning)


@pytest.fixture(scope="session")
def root():
    """Root of the checkout."""
    return ROOT
