"""Send a picture to a service that limits the base64 text of an upload, as vision APIs do.

Base64 makes four characters of three bytes, so a cap of 5 MiB of text is a budget of 3,932,160 bytes of image.
The photograph here is smaller than that: a second, tighter cap shows what happens to one that is not.
"""

from base64 import b64encode
from pathlib import Path

import bytefit

PHOTO = Path(__file__).with_name("landscape.jpg")


def payload(path: Path, cap: int) -> str:
    """Return the image at `path` as base64 text of at most `cap` characters, untouched where it fits as it is."""
    budget = cap // 4 * 3
    data = path.read_bytes()
    if len(data) > budget:
        data = bytefit.compress(path, budget, resize=True).data
    return b64encode(data).decode()


for cap in (5 * 1024 * 1024, 200_000):
    text = payload(PHOTO, cap)
    changed = "as it is" if text == b64encode(PHOTO.read_bytes()).decode() else "compressed"
    print(f"cap {cap:,} characters = {cap // 4 * 3:,} bytes: sending {len(text):,} characters, {changed}")
