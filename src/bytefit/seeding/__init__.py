"""Seeding: the predicted curve of a picture, from cheap probes and a small model. It never decides anything."""

from bytefit.seeding.best_scale import best_scale
from bytefit.seeding.lossless_probe import lossless_probe
from bytefit.seeding.picture_kind import content, suited
from bytefit.seeding.sampling import sample
from bytefit.seeding.seed import Seed
from bytefit.seeding.with_model import seed

__all__ = ["Seed", "best_scale", "content", "lossless_probe", "sample", "seed", "suited"]
