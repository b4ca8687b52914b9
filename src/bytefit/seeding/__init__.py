"""Seeding: the predicted curve of a picture, from cheap probes and a small model. It never decides anything."""

from bytefit.seeding.content import content, suited
from bytefit.seeding.curves import Seed
from bytefit.seeding.lossless import lossless_probe
from bytefit.seeding.prediction import seed
from bytefit.seeding.sampling import sample
from bytefit.seeding.scaling import best_scale

__all__ = ["Seed", "best_scale", "content", "lossless_probe", "sample", "seed", "suited"]
