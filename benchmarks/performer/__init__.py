"""Whether a performer's own model comes nearer to the truth than anything else: rendered people, of whom all is known.

    python -m benchmarks.performer OUT --data ../shared/data --reduced

Calls run downward: __main__ -> (run, sheet) -> (ways, learner, figures) -> archive.
"""
