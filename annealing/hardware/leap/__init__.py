"""D-Wave's annealers: a sampler, its jobs, and the ledger of what was paid for."""
