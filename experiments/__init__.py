"""Benchmarks as data: specs, runs, records, tables, reports."""
