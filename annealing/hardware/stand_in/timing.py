"""The time a run would take on an annealer: estimates from published figures, in Ocean's names.

One submission takes T = T_p + R (T_a + T_r + T_d): programming with the cooling after it, then R
reads of annealing, readout and delay (D-Wave documentation, "Operation and Timing", QPU Access
Time). More reads than a submission may hold are divided, and each part is programmed anew.
Nothing here was measured. Times are microseconds in what is returned, as everywhere in Ocean.
"""

from typing import Any

import numpy as np

from annealing.hardware.stand_in.profiles import ChipProfile
from annealing.samplers.protocol import check_count

MICRO = 1e6  # microseconds in a second


def qpu_access_time(
    reads: int, annealing_time: float, n_qubits: int, profile: ChipProfile
) -> dict[str, Any]:
    """Estimated times of `reads` reads, in microseconds.

    Args:
        reads: R.
        annealing_time: T_a in seconds.
        n_qubits: of the embedded problem; more of them take longer to read.
        profile: of the machine.

    Returns:
        the times under the names that Ocean gives to those of a real run, "qpu_access_time" being
        the one that is charged; "submissions" that the reads are divided into; "unit"; "simulated",
        which is True.

    Raises:
        ValueError: `reads` or `n_qubits` is not positive, or `annealing_time` out of range.

    >>> from annealing.hardware.stand_in.profiles import chip_profile
    >>> times = qpu_access_time(1000, 20e-6, 200, chip_profile("advantage2"))
    >>> times["qpu_programming_time"], round(times["qpu_access_time"])
    (34600.0, 167308)
    """
    check_count("reads", reads)
    check_count("n_qubits", n_qubits)
    check_annealing_time(annealing_time, profile)
    anneal, delay = annealing_time * MICRO, profile.delay_time * MICRO
    readout = readout_time(n_qubits, profile) * MICRO
    programming = (profile.programming_time + profile.programming_thermalization) * MICRO
    parts = -(-reads // reads_of_a_run(annealing_time, n_qubits, profile))
    sampling = reads * (anneal + readout + delay)
    return {
        "qpu_programming_time": parts * programming,
        "qpu_sampling_time": sampling,
        "qpu_anneal_time_per_sample": anneal,
        "qpu_readout_time_per_sample": readout,
        "qpu_delay_time_per_sample": delay,
        "qpu_access_time": parts * programming + sampling,
        "qpu_access_overhead_time": parts * profile.access_overhead_time * MICRO,
        "submissions": parts,
        "unit": "microsecond",
        "simulated": True,
    }


def check_annealing_time(annealing_time: float, profile: ChipProfile) -> None:
    """Refuse a time of annealing that the machine does not offer."""
    low, high = profile.annealing_times
    if not low <= annealing_time <= high:
        raise ValueError(
            f"Argument `annealing_time` must be from {low} to {high} seconds on {profile.name}, "
            f"but is annealing_time={annealing_time}."
        )


def readout_time(n_qubits: int, profile: ChipProfile) -> float:
    """Seconds to read `n_qubits`: its logarithm is linear in theirs, from one to all.

    That it is linear between the two published ends is assumed (machines tell more points).

    >>> from annealing.hardware.stand_in.profiles import chip_profile
    >>> round(readout_time(4577, chip_profile("advantage2")), 9)
    0.000101
    """
    return float(10 ** np.interp(np.log10(n_qubits), *np.array(_readout_points(profile))))


def _readout_points(profile: ChipProfile) -> tuple[list[float], list[float]]:
    return [0.0, np.log10(profile.qubits).item()], np.log10(profile.readout_times).tolist()


def reads_of_a_run(annealing_time: float, n_qubits: int, profile: ChipProfile) -> int:
    """The most reads that one submission may ask for; at least one.

    Its limit counts annealing, readout and the cooling after programming (same page, QMI Runtime
    Limit).

    >>> from annealing.hardware.stand_in.profiles import chip_profile
    >>> reads_of_a_run(2000e-6, 4577, chip_profile("advantage2"))
    475
    """
    each = annealing_time + readout_time(n_qubits, profile)
    time = profile.longest_run - profile.programming_thermalization
    return max(1, min(profile.most_reads, int(time / each)))


def problem_timing_data(profile: ChipProfile) -> dict[str, Any]:
    """The figures as the solver property of that name, from which Ocean makes its own estimates.

    Of reverse annealing and decorrelated reads, which are not simulated, it says 0.

    >>> from annealing.hardware.stand_in.profiles import chip_profile
    >>> problem_timing_data(chip_profile("advantage"))["typical_programming_time"]
    14200.0
    """
    qubits, times = _readout_points(profile)
    micro = [time + np.log10(MICRO).item() for time in times]
    return {
        "version": "1.0.0",
        "typical_programming_time": profile.programming_time * MICRO,
        "default_programming_thermalization": profile.programming_thermalization * MICRO,
        "default_annealing_time": 20.0,
        "readout_time_model": "pwl_log_log",
        "readout_time_model_parameters": [*qubits, *micro],
        "qpu_delay_time_per_sample": profile.delay_time * MICRO,
        "default_readout_thermalization": 0.0,
        "reverse_annealing_with_reinit_prog_time_delta": 0.0,
        "reverse_annealing_without_reinit_prog_time_delta": 0.0,
        "reverse_annealing_with_reinit_delay_time_delta": 0.0,
        "reverse_annealing_without_reinit_delay_time_delta": 0.0,
        "decorrelation_max_nominal_anneal_time": 2000.0,
        "decorrelation_time_range": [0.0, 0.0],
    }
