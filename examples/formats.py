"""Give JPEG, WebP and AVIF the same budget and compare what each makes of it.

The qualities are three different scales. What can be compared is the loss: the mean difference from the original of a
channel of a pixel, in steps of 256.
"""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

import bytefit

PHOTO = Path(__file__).with_name("landscape.jpg")

with Image.open(PHOTO) as original:
    print(f"{'format':7} {'size':>9} {'quality':>8} {'trials':>7} {'seconds':>8} {'loss':>6}")
    for name in ("JPEG", "WEBP", "AVIF"):
        result = bytefit.compress(original, "60KB", format=name)
        with Image.open(BytesIO(result.data)) as answer:
            loss = sum(ImageStat.Stat(ImageChops.difference(original, answer)).mean) / 3
        print(
            f"{result.format:7} {bytefit.format_size(result.size):>9} {result.quality:8g} {len(result.trials):7} "
            f"{result.seconds:8.2f} {loss:6.2f}"
        )
