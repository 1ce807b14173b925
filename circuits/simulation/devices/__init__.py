"""Several devices and their memory: sharded states, batches over devices, plans of memory."""
