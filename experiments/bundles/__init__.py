"""Result bundles: one zip that holds a run with its provenance, and can be doubted elsewhere."""

from experiments.bundles.pack import pack
from experiments.bundles.unpack import unpack
from experiments.bundles.verify import Verification, verify

__all__ = ["pack", "verify", "Verification", "unpack"]
