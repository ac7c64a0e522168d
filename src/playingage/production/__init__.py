"""The production folder: performers, grants, archive, models, ledger."""
