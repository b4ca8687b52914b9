"""The probes of a picture: cheap encodes that predict the size of the full one. Training and run time share them.

All give ln(bits per pixel) without the file's header. A *complexity probe* encodes a picture as plain baseline JPEG,
which takes a millisecond or two whatever the codec. A *sample probe* encodes the sample as the codec would. A
*low-effort probe* encodes the whole picture, with the encoder at a lower effort.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs import Trial, encode_timed
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.seeding.sampling import larger_sample, share_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# What libjpeg writes before the first coded bit, with its own tables.
_JPEG_HEADER = {"L": 328, "RGB": 623}

# The quality of the complexity probe that is made of the whole picture too, where a codec wants one.
WHOLE_QUALITY = 50


def complexity_probe(picture: Image.Image, qualities: Sequence[int]) -> tuple[list[float], list[Trial]]:
    """Return ln(bits per pixel) of a picture as baseline JPEG at each quality, and the encodes made."""
    if picture.mode not in {"L", "RGB"}:
        picture = picture.convert("RGB")
    complexities, trials = [], []
    for quality in qualities:
        data, trial = encode_timed(JPEG, picture, {"quality": quality}, NO_METADATA)
        complexities.append(log_bits(len(data) - _JPEG_HEADER[picture.mode], picture))
        trials.append(trial)
    return complexities, trials


def probed_bits(codec: Codec, picture: Image.Image, rung: int, *, low_effort: bool = False) -> tuple[float, Trial]:
    """Return ln(bits per pixel) of a picture at a rung, at full or at low effort, and the encode."""
    quality = codec.ladder[rung]
    setting = codec.setting(quality, picture.mode)
    if low_effort:
        setting = {**setting, **codec.hints.probe_options}
    data, trial = encode_timed(codec, picture, setting, NO_METADATA)
    return log_bits(len(data) - codec.hints.header(None if low_effort else quality, picture.mode), picture), trial


def log_bits(size: int, picture: Image.Image) -> float:
    """Return ln of the bits per pixel that `size` bytes are for `picture`."""
    return log(max(1, size) * 8 / (picture.width * picture.height))


class LowEffortProbe(NamedTuple):
    """A low-effort probe of a picture at one rung.

    Attributes:
        bits: ln(bits per pixel) of what was encoded.
        effort_log_ratio: ln(bytes of the sample at full effort / at low effort); 0 where the sample was not encoded.
        sample_bits: ln(bits per pixel) of the sample at low effort; None where it was not encoded.
        share: the share of the picture's pixels that was encoded.
    """

    bits: float
    effort_log_ratio: float = 0.0
    sample_bits: float | None = None
    share: float = 1.0


def low_effort_probe(
    codec: Codec,
    picture: Image.Image,
    sample: Image.Image,
    rung: int,
    *,
    sample_bits: Callable[[int], float],
    made: list[Trial],
) -> LowEffortProbe | None:
    """Return the low-effort probe of a rung, or None where none is worth its cost.

    Where low effort is hardly cheaper than full effort (baseline JPEG), a larger sample is encoded at full effort.

    Args:
        codec: as it suits the picture.
        picture: in the mode it will be encoded in.
        sample: its sample, or the picture itself where that is too small for one.
        rung: the rung to probe.
        sample_bits: returns the sample probe of a rung: ln(bits per pixel) at full effort.
        made: gets the encodes that are made here.
    """

    def probed(part: Image.Image, *, low_effort: bool) -> float:
        bits, trial = probed_bits(codec, part, rung, low_effort=low_effort)
        made.append(trial)
        return bits

    if codec.hints.probe_pays(codec.setting(codec.ladder[rung], picture.mode)):
        bits = probed(picture, low_effort=True)
        if sample is picture:
            return LowEffortProbe(bits)
        full = sample_bits(rung)
        low = probed(sample, low_effort=True)
        return LowEffortProbe(bits, full - low, low)
    larger = larger_sample(picture) if codec.hints.rows_apart and sample is not picture else sample
    if larger is picture or larger.size == sample.size:
        return None
    return LowEffortProbe(probed(larger, low_effort=False), share=share_of(larger, picture))
