"""Channels, noise models made of them, and those made from what vendors say of their devices."""

from circuits.noise.channels import (
    amplitude_damping,
    bit_flip,
    channel,
    depolarizing,
    over_rotated,
    pauli_channel,
    phase_damping,
    phase_flip,
    readout_confusion,
    superoperator,
    thermal_relaxation,
    zz_crosstalk,
)
from circuits.noise.from_target import device_noise_model, noise_from_target
from circuits.noise.model import (
    NoiseModel,
    NoiseRule,
    add_noise,
    check_noise,
    confused,
    noise_to_dict,
    noisy_gate,
    qubit_readouts,
)

__all__ = [
    "channel",
    "superoperator",
    "depolarizing",
    "pauli_channel",
    "bit_flip",
    "phase_flip",
    "amplitude_damping",
    "phase_damping",
    "thermal_relaxation",
    "over_rotated",
    "zz_crosstalk",
    "readout_confusion",
    "NoiseModel",
    "NoiseRule",
    "add_noise",
    "check_noise",
    "confused",
    "noise_to_dict",
    "noisy_gate",
    "qubit_readouts",
    "noise_from_target",
    "device_noise_model",
]
