"""What a cell cost: seconds, memory, energy, and what a device would have charged for it."""
