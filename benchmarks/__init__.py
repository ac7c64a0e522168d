"""Measures speed: `python -m benchmarks stages|render|live|ingest|all`. Figures are told as ratios of the same run."""
