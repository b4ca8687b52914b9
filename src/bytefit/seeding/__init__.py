"""Seeding: the predicted curve of a picture, from cheap probes and a small model. It never decides anything."""

from bytefit.seeding.content import suited
from bytefit.seeding.prediction import Seed, seed
from bytefit.seeding.sampling import sample
from bytefit.seeding.scaling import best_scale

__all__ = ["Seed", "best_scale", "sample", "seed", "suited"]
