"""Budgets over files: which files count, which of them are over, and what can be done about each."""
