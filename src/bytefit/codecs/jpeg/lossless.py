"""Makes JPEG files smaller without changing a pixel: drops needless segments and improves the entropy coding.

It works on the bytes of a file. mozjpeg, if installed, does the entropy coding.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bytefit.codecs.jpeg.container import segment_without_groups, with_no_unit
from bytefit.codecs.jpeg.markers import EOI, JPEG_PADDING, behind_picture, is_progressive, markers
from bytefit.codecs.jpeg.multi_picture import carried_index, with_auxiliary_images, without_auxiliary_images
from bytefit.errors import UnsupportedImage
from bytefit.options import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.options.policies import Policy

_SOI, _SOS, _COM, _APP0, _APP1, _APP2, _APP14, _APP15 = 0xD8, 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF

# Segments that affect how the image is shown and are always kept: JFIF's resolution, Adobe's colour transform.
_ABOUT_PIXELS = {_APP0: b"JFIF\x00", _APP14: b"Adobe"}
_PROFILE, _INDEX = b"ICC_PROFILE\x00", b"MPF\x00"

# mozjpeg runs in its own process: its compressor ends the process on a coefficient out of range, or on two quantisation
# tables for one component (the bindings handle errors of the decompressor only; corpus:
# hostile/jpeg/dc-predictor-overflow.jpg). The process costs 20 ms.
_RECODER = """
import sys
sys.path[:] = sys.argv[1:]
from mozjpeg_lossless_optimization import COPY_MARKERS, optimize
sys.stdout.buffer.write(optimize(sys.stdin.buffer.read(), copy=COPY_MARKERS.ALL))
"""


def lossless_versions(
    data: bytes, policy: str, orientation: bytes, *, most: int | None = None, progressive: bool = True
) -> Iterator[bytes]:
    """Yield versions of a JPEG file with exactly its pixels, each smaller than the one before.

    Args:
        data: the file.
        policy: the metadata to keep, see `bytefit.compress`. "strip" requires an upright image.
        orientation: an EXIF block with only the orientation; empty if the image is upright.
        most: the largest file, in bytes, whose entropy coding is improved, which takes time; None for any size.
        progressive: whether the versions may, or must not, have progressive scans; mozjpeg makes no others.
    """
    if not progressive and is_progressive(data):
        return
    try:
        index = carried_index(data, "the file")
    except UnsupportedImage:
        return
    trailing = behind_picture(data)
    if policy != "keep":
        if index is not None:
            return  # a metadata policy does not decide whether further images may be dropped
        trailing = b""
    alone = without_auxiliary_images(data)
    lean = _without_needless_segments(alone, policy, orientation)
    if not lean.endswith(bytes((0xFF, EOI))):
        return  # something else was written over the end of the image; decoders end it themselves
    finished = with_auxiliary_images(lean, index, trailing)
    # Groups of EXIF may go without making a block shorter.
    if len(finished) < len(data) or (policy not in POLICIES and len(finished) == len(data) and finished != data):
        yield finished
    if (most is not None and len(finished) > most) or not progressive:
        return
    recoded = _recoded(lean)
    if recoded is not None and len(recoded) < len(lean):
        yield with_auxiliary_images(recoded, index, trailing)


def _without_needless_segments(data: bytes, policy: str, orientation: bytes) -> bytes:
    """Return the file without padding and without the metadata that `policy` drops."""
    kept = [b"\xff\xd8"]
    selective = None if policy in POLICIES else _groups(policy)
    if policy != "keep" and orientation and selective is None:
        kept.append(bytes((0xFF, _APP1)) + (len(orientation) + 2).to_bytes(2, "big") + orientation)
    rest = len(data)
    for marker, start, content in markers(data):
        if marker == _SOS:
            rest = start
            break
        length = int.from_bytes(data[content : content + 2], "big")
        stored = data[content + 2 : content + length]
        if marker == _SOI:
            continue
        if selective is not None and (_APP0 <= marker <= _APP15 or marker == _COM):
            stored = _selected(marker, stored, selective)
            if stored:
                kept.append(bytes((0xFF, marker)) + (len(stored) + 2).to_bytes(2, "big") + stored)
        elif _is_kept(marker, stored, policy):
            kept.append(bytes((0xFF, marker)) + data[content : content + length])
    end = next((end for marker, _, end in markers(data) if marker == EOI), len(data))
    return b"".join(kept) + data[rest:end]


def _groups(policy: str) -> Policy:
    from bytefit.options.policies import policy_of

    return policy_of(policy)


def _selected(marker: int, content: bytes, policy: Policy) -> bytes:
    """Return the content of a segment without what a policy of groups drops; empty where the segment goes."""
    if (marker == _APP15 and content.startswith(JPEG_PADDING)) or (marker == _APP2 and content.startswith(_INDEX)):
        return b""
    if marker == _APP2 and content.startswith(_PROFILE):
        return content if policy.keeps("icc") else b""
    if marker in _ABOUT_PIXELS and content.startswith(_ABOUT_PIXELS[marker]):
        return content if marker != _APP0 or policy.keeps("resolution") else with_no_unit(content)
    return segment_without_groups(marker, content, policy)


def _is_kept(marker: int, content: bytes, policy: str) -> bool:
    if marker == _APP15 and content.startswith(JPEG_PADDING):
        return False
    if policy == "keep" or not (_APP0 <= marker <= _APP15 or marker == _COM):
        return True
    if marker == _APP2 and content.startswith(_PROFILE):
        return policy != "strip"
    return marker in _ABOUT_PIXELS and content.startswith(_ABOUT_PIXELS[marker])


def _recoded(data: bytes) -> bytes | None:
    """Return the same coefficients and markers in mozjpeg's smallest progressive coding.

    None if mozjpeg is not installed or fails: such a file is encoded again with loss.
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
