"""What a gate is: plain data (`gate_types`, `gate_data`, `constants`), the `table` of named gates,
and what each stands for (`definitions`, `host_matrices`)."""
