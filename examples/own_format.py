"""Register a codec for a format that bytefit has none for: PCX, which packs runs of equal pixels, in fewer shades.

Whatever Pillow writes, by itself or by a plugin, works the same way: say which settings there are from the smallest
file to the largest, and how one of them is encoded. `save`, `compress`, `bytefit check` and `bytefit fix` then take the
format like any other, without a change anywhere else.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image, ImageOps

import bytefit
from bytefit.cli.main import main
from bytefit.codecs import Modes, SaveOptions
from bytefit.codecs.encoding import save_to_bytes


def encode(image: Image.Image, options: dict[str, int]) -> bytes:
    """Return the file of an image with the given number of bits a channel."""
    return save_to_bytes(ImageOps.posterize(image, options["bits"]), "PCX", {})


PCX = bytefit.Codec(
    format="PCX",
    suffixes=(".pcx",),
    ladder=tuple(range(1, 9)),  # the quality: bits a channel
    setting=lambda quality, _mode: {"bits": int(quality)},
    encode=encode,
    mean_bits=((1, 3.0), (4, 12.0), (8, 24.0)),  # bits per pixel, roughly: the search corrects them
    modes=Modes(opaque={"RGB": "RGB", "L": "L", "P": "RGB"}),
    save_options=SaveOptions(steered=frozenset({"bits"})),
)

bytefit.register_codec(PCX)
bytefit.register()

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "landscape.pcx"
    with Image.open(Path(__file__).parent / "landscape.jpg") as image:
        small = image.convert("RGB").resize((300, 200))
    small.save(path, target_size="100KB")
    print(f"save: {path.name} has {bytefit.format_size(path.stat().st_size)} of 100 kB")

    # The hook's commands find the file by its suffix.
    print("check exits with", main(["check", folder, "--max-size", "60KB"]))
    print("fix exits with", main(["fix", folder, "--max-size", "60KB"]))
    print(f"fixed: {path.name} has {bytefit.format_size(path.stat().st_size)} of 60 kB")

    try:
        bytefit.compress(path, "60KB", exact=True)
    except bytefit.ConfigError as error:
        print(f"exact: {error}")
