"""Seeding: the predicted curve of a picture, from cheap probes and a small model. It never decides an answer."""
