"""An annealer in software: its figures, its errors, its time."""
