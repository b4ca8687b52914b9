"""A format that bytefit does not bring gets a ladder: PCX, which packs runs of equal pixels, in ever fewer shades.

Whatever Pillow writes, by itself or by a plugin, works the same way: say what its settings are from the smallest file
to the largest, and how one of them is encoded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image, ImageOps

import bytefit
from bytefit.codecs.encoding import save_to_bytes


def encode(picture: Image.Image, options: dict[str, int]) -> bytes:
    """Return the file of a picture with so many bits a channel."""
    return save_to_bytes(ImageOps.posterize(picture, options["bits"]), "PCX", {})


PCX = bytefit.Codec(
    format="PCX",
    suffixes=(".pcx",),
    ladder=tuple(range(1, 9)),  # the quality: bits a channel
    setting=lambda quality, _mode: {"bits": int(quality)},
    encode=encode,
    opaque_modes={"RGB": "RGB", "L": "L", "P": "RGB"},
    alpha_mode=None,
    refused={},
    max_side=65_535,
    steered=frozenset({"bits"}),
    options=frozenset(),
    mean_bits=((1, 3.0), (4, 12.0), (8, 24.0)),  # bits per pixel, roughly: the search corrects them
)

bytefit.register_codec(PCX)
bytefit.register()

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "landscape.pcx"
    with Image.open(Path(__file__).parent / "landscape.jpg") as image:
        image.convert("RGB").resize((300, 200)).save(path, target_size="100KB")
    print(f"{path.name}: {bytefit.format_size(path.stat().st_size)} of 100 kB")

    outcome = bytefit.compress_file(path, "60KB")
    assert outcome.result is not None
    print(f"in place: {bytefit.format_size(outcome.after)} at {outcome.result.quality} bits a channel")
