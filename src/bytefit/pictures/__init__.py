"""Pictures in memory: frames and scores."""
