"""Measures speed: `python -m benchmarks stages|render|live|all`. Figures are told as ratios of the same run."""
