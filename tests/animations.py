"""Animations of three frames, each shown for its own time."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from images import encoded, photograph

TIMES = [40, 120, 500]


def moving(codec_format, *, size=(48, 32), loop=2, **options):
    """Return an animation of three frames, each shown for its own time."""
    frames = [photograph(size, seed=seed) for seed in range(3)]
    options = {"duration": TIMES, "loop": loop, **options}
    return encoded(frames[0], codec_format, save_all=True, append_images=frames[1:], **options)


def timing(data):
    """Return how often an animation is shown, and how long each of its frames, as Pillow reads it."""
    picture, times = Image.open(BytesIO(data)), []
    for place in range(getattr(picture, "n_frames", 1)):
        picture.seek(place)
        picture.load()
        times.append(round(picture.info.get("duration", 0)))
    return picture.info.get("loop"), times
