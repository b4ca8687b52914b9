"""JPEG files made smaller with every pixel as it is: needless segments left out, the entropy coding done better.

It works on the bytes of a file and knows what its segments are for. The coding is for mozjpeg to do, where it is there.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bytefit.codecs.jpeg.markers import EOI, JPEG_PADDING, behind_picture, markers
from bytefit.codecs.jpeg.multi_picture import carried_index, with_extras, without_extras
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOI, _SOS, _COM, _APP0, _APP1, _APP2, _APP14, _APP15 = 0xD8, 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF

# Segments that say how the picture is to be shown, whatever else is dropped: JFIF's resolution, Adobe's colours.
_ABOUT_PIXELS = {_APP0: b"JFIF\x00", _APP14: b"Adobe"}
_PROFILE = b"ICC_PROFILE\x00"

# What recodes a file, in a process of its own: where libjpeg's compressor finds a coefficient out of range, or two
# quantisation tables for one component, it ends the process (the bindings handle errors of the decompressor only;
# corpus: hostile/jpeg/dc-predictor-overflow.jpg). It costs 20 ms.
_RECODER = """
import sys
sys.path[:] = sys.argv[1:]
from mozjpeg_lossless_optimization import COPY_MARKERS, optimize
sys.stdout.buffer.write(optimize(sys.stdin.buffer.read(), copy=COPY_MARKERS.ALL))
"""


def lossless_versions(data: bytes, policy: str, orientation: bytes, *, most: int | None = None) -> Iterator[bytes]:
    """Yield versions of a JPEG file that hold exactly its pixels, each smaller than the one before.

    Args:
        data: the file, of one picture.
        policy: what is kept of its metadata, see `bytefit.compress`. With "strip" the picture must stand upright.
        orientation: the EXIF block with nothing but the orientation; empty where it is upright.
        most: of how many bytes a file may be for its coding to be improved, which takes its time; None for any.
    """
    try:
        index = carried_index(data, "the file")
    except UnsupportedImage:
        return
    behind = behind_picture(data)
    if policy != "keep":
        if index is not None:
            return  # whether the other pictures may be dropped is not for metadata to say
        behind = b""
    alone = without_extras(data)
    lean = _without_needless(alone, policy, orientation)
    finished = with_extras(lean, index, behind)
    if len(finished) < len(data):
        yield finished
    if most is not None and len(finished) > most:
        return
    tight = _recoded(lean)
    if tight is not None and len(tight) < len(lean):
        yield with_extras(tight, index, behind)


def _without_needless(data: bytes, policy: str, orientation: bytes) -> bytes:
    """Return the file without padding and without what `policy` drops of its metadata."""
    kept = [b"\xff\xd8"]
    if policy != "keep" and orientation:
        kept.append(bytes((0xFF, _APP1)) + (len(orientation) + 2).to_bytes(2, "big") + orientation)
    rest = len(data)
    for marker, start, behind in markers(data):
        if marker == _SOS:
            rest = start
            break
        length = int.from_bytes(data[behind : behind + 2], "big")
        if marker != _SOI and _is_kept(marker, data[behind + 2 : behind + length], policy):
            kept.append(bytes((0xFF, marker)) + data[behind : behind + length])
    end = next((behind for marker, _, behind in markers(data) if marker == EOI), len(data))
    return b"".join(kept) + data[rest:end]


def _is_kept(marker: int, content: bytes, policy: str) -> bool:
    if marker == _APP15 and content.startswith(JPEG_PADDING):
        return False
    if policy == "keep" or not (_APP0 <= marker <= _APP15 or marker == _COM):
        return True
    if marker == _APP2 and content.startswith(_PROFILE):
        return policy != "strip"
    return marker in _ABOUT_PIXELS and content.startswith(_ABOUT_PIXELS[marker])


def _recoded(data: bytes) -> bytes | None:
    """Return the same coefficients and markers, coded progressively as mozjpeg finds it smallest.

    None where it is not installed, or cannot: such a file is encoded anew as any other.
    """
    import subprocess
    from importlib.util import find_spec

    if find_spec("mozjpeg_lossless_optimization") is None or not sys.executable or getattr(sys, "frozen", False):
        return None
    folders = [folder for folder in sys.path if folder]
    command = [sys.executable, "-I", "-S", "-c", _RECODER, *folders]
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False)  # noqa: S603
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
