"""Where a batch reads and writes: local folders, and whatever fsspec knows. Nothing here knows of images or jobs."""
