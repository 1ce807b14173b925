"""How cells get done: claims, the loop, local workers, Dask, batch systems, merging."""
