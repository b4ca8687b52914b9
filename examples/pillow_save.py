"""Teach Pillow's own `save` a target size: the same picture three ways, none of them over."""

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import bytefit

PHOTO = Path(__file__).with_name("landscape.jpg")

bytefit.register()

with TemporaryDirectory() as folder, Image.open(PHOTO) as image:
    image.save(Path(folder, "page.jpg"), target_size="120KB")
    image.save(Path(folder, "page.webp"), target_size="60KB")
    image.save(Path(folder, "thumbnail.jpg"), target_size="2KB", resize=True)
    for path in sorted(Path(folder).iterdir()):
        with Image.open(path) as saved:
            print(f"{path.name}: {bytefit.format_size(path.stat().st_size)}, {saved.width}x{saved.height}")
    image.save(Path(folder, "plain.jpg"))
    print(f"without target_size Pillow writes as ever: {bytefit.format_size(Path(folder, 'plain.jpg').stat().st_size)}")

bytefit.unregister()
