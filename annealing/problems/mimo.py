"""Decoding a radio channel of several antennas (MIMO): the most likely symbols sent.

    loss(v) = |y - F v|^2,          v_j of a constellation: BPSK, QPSK, 16QAM or 64QAM

Maximum likelihood under Gaussian noise; no learning, but a family of dense QUBOs with an answer
planted in them and a classical decoder to beat: least squares, rounded (`relaxed`, `nearest`),
known as the zero-forcing filter. Real and imaginary parts of a symbol are -1 or +1 (BPSK: real
only), or the odd numbers from -3 to 3 (16QAM), -7 to 7 (64QAM), in binary: the amplitude encoding
of dimod's `mimo` generator, with whose energies these agree.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from annealing.encodings.affine import signed
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks

BITS = {"BPSK": 1, "QPSK": 1, "16QAM": 2, "64QAM": 3}  # of each real part


class Transmission(NamedTuple):
    """`channel` F (receivers, senders), `received` y (receivers,), `sent` (p,) as of `mimo`."""

    channel: np.ndarray
    received: np.ndarray
    sent: np.ndarray


def mimo(channel: Any, received: Any, modulation: str = "BPSK") -> Problem:
    """The problem of finding the symbols that were sent.

    Args:
        channel: F (receivers, senders), complex.
        received: y (receivers,), complex.
        modulation: "BPSK", "QPSK", "16QAM" or "64QAM".

    Returns:
        A problem of `mimo_variables(senders, modulation)` variables; the parameters are the real
        parts of the symbols and, but for BPSK, the imaginary parts behind them.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = mimo([[1.0, 1.0], [1.0, -1.0]], [0.0, 2.0])
    >>> problem.qubo.energy([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([ 8., 16.,  0.,  8.])
    """
    F, y = _complex("channel", channel, 2), _complex("received", received, 1)
    if 0 in F.shape or len(F) != len(y):
        raise ValueError(
            f"Arguments `channel` and `received` must have shapes (receivers, senders) and "
            f"(receivers,), but have {F.shape} and {y.shape}."
        )
    bits = _bits(modulation)
    columns = F if modulation == "BPSK" else np.hstack([F, 1j * F])
    M = np.vstack([np.real(columns), np.imag(columns)])
    target = np.concatenate([np.real(y), np.imag(y)])
    return quadratic_problem(
        M.T @ M,
        -2 * M.T @ target,
        float(target @ target),
        signed(columns.shape[1], bits, 2.0**bits - 1),
        loss=partial(_loss, F, y, modulation),
        name="mimo",
        details={"senders": F.shape[1], "receivers": len(F), "modulation": modulation},
    )


def mimo_variables(senders: int, modulation: str = "BPSK") -> int:
    """Variables of `mimo`: the bits of all symbols.

    >>> [mimo_variables(10, name) for name in BITS]
    [10, 20, 40, 60]
    """
    return senders * _bits(modulation) * (1 if modulation == "BPSK" else 2)


def planted_mimo(
    senders: int, receivers: int, modulation: str = "BPSK", *, noise: float = 0.0, seed: int = 0
) -> Transmission:
    """Random symbols through a random channel.

    Args:
        senders: antennas that send.
        receivers: antennas that receive; with fewer than senders the least squares are not unique.
        modulation: as of `mimo`.
        noise: standard deviation of real and imaginary part of each signal received. Without noise
            the symbols sent are the ground state, of energy 0.
        seed: decides channel, symbols and noise.

    >>> channel, received, sent = planted_mimo(3, 4, "QPSK", seed=1)
    >>> round(float(mimo(channel, received, "QPSK").loss(sent)), 9)
    0.0
    """
    rng = np.random.default_rng(seed)
    levels = 2 ** _bits(modulation)
    count = senders if modulation == "BPSK" else 2 * senders
    sent = 2.0 * rng.integers(levels, size=count) - (levels - 1)
    parts = rng.normal(size=(2, receivers, senders)) / np.sqrt(2)
    channel = parts[0] + 1j * parts[1]
    disturbed = noise * rng.normal(size=(2, receivers))
    received = channel @ _symbols(sent, modulation) + disturbed[0] + 1j * disturbed[1]
    return Transmission(channel, received, sent)


def _bits(modulation: str) -> int:
    if modulation not in BITS:
        raise ValueError(
            f"Argument `modulation` must be one of {', '.join(BITS)}, but is {modulation!r}."
        )
    return BITS[modulation]


def _symbols(parts: np.ndarray, modulation: str) -> np.ndarray:
    """Complex symbols (..., senders) of their real parts, and imaginary parts behind them."""
    if modulation == "BPSK":
        return parts.astype(complex)
    real, imaginary = np.split(parts, 2, axis=-1)
    return real + 1j * imaginary


def _complex(name: str, values: Any, ndim: int) -> np.ndarray:
    array = np.asarray(values, dtype=complex)
    if array.ndim != ndim or not np.isfinite(array).all():
        raise ValueError(
            f"Argument `{name}` must be finite with {ndim} axes, but has shape {array.shape}."
        )
    return array


def _loss(F: np.ndarray, y: np.ndarray, modulation: str, parts: Any) -> Any:
    """Squared distances (...) of the signals of symbols `parts` (..., p) from those received."""

    def rows(t: np.ndarray) -> np.ndarray:
        missed = _symbols(t, modulation) @ F.T - y
        return (np.real(missed) ** 2 + np.imag(missed) ** 2).sum(axis=-1)

    return by_blocks(rows, np.asarray(parts, dtype=float), 2 * len(y))
