"""Seeding: the predicted curve of a picture, from cheap probes and a small model. It never decides anything."""

from bytefit.seeding.prediction import Seed, seed

__all__ = ["Seed", "seed"]
