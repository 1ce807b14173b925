"""Noise models made from what vendors say of their devices."""

from circuits.noise.from_target import device_noise_model, noise_from_target

__all__ = ["noise_from_target", "device_noise_model"]
