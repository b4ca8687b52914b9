"""Pictures in memory: frames, their comparison, and scores."""
