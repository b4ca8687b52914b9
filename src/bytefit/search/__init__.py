"""The search for a rung: numbers only, no pictures."""
