"""JPEG: learned quantisation tables on a continuous scale, optimised Huffman tables, progressive where that pays."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH, Careful, Codec, Variants
from bytefit.codecs.jpeg.container import CONTAINER, with_density
from bytefit.codecs.jpeg.encode_buffer import save_in_own_buffer
from bytefit.codecs.jpeg.lossless import lossless_versions
from bytefit.codecs.jpeg.quantisation import quantisation
from bytefit.codecs.jpeg.source_quality import source_quality
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints, SourceKnowledge
from bytefit.codecs.refusals import REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import ConfigError
from bytefit.formats import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

# The scans of effort "best": the progressive ones that mozjpeg finds to be the smallest, or a single one.
_MOZJPEG, _BASELINE = "mozjpeg", "baseline"

# One step changes the bytes by about 2 %: finer ladders cost trials to prove, coarser ones waste budget.
_STEPS = ((1, 40, 0.5), (40, 76, 1), (76, 92, 0.5), (92, 98, 0.25), (98, 99, 0.125), (99, 100, 0.5))


# Below these qualities libjpeg's ten progressive scans cost more than they save, because so few coefficients are left
# that most scans are empty (held-out photographs, progressive over baseline at quality 18: 5 % more at 0.3 megapixel,
# 4 % at 0.6, 1 % at 3; the same at 60; from there on less).
_PROGRESSIVE_FROM = {PHOTOGRAPH: 60, GRAPHIC: 40}


def _setting(content: str, quality: float, mode: str) -> dict[str, Any]:
    tables, subsampling = quantisation(quality, content)
    coding: dict[str, Any] = {"progressive": quality >= _PROGRESSIVE_FROM[content], "optimize": True}
    if mode in {"L", "CMYK"}:
        return {"qtables": tables[:1], **coding}
    return {"qtables": tables, "subsampling": subsampling, **coding}


def _encode(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    """Encode with Pillow; with the scans of mozjpeg, then repack the file without changing its pixels."""
    saved = {name: value for name, value in options.items() if name not in {"scans", "density"}}
    if saved.get("keep_rgb"):  # there is no chroma to subsample or to quantise differently
        saved = {**saved, "subsampling": "4:4:4", "qtables": saved["qtables"][:1]} if "qtables" in saved else saved
    data = save_in_own_buffer(picture, saved)
    if (density := options.get("density")) is not None:
        data = with_density(data, density)
    return _repacked(data) if options.get("scans") == _MOZJPEG else data


def _repacked(data: bytes) -> bytes:
    """Return the same pixels and markers in the progressive scans that mozjpeg finds to be the smallest."""
    try:
        from mozjpeg_lossless_optimization import COPY_MARKERS, optimize
    except ModuleNotFoundError as error:
        raise ConfigError(
            "effort 'best' needs mozjpeg-lossless-optimization for JPEG: pip install mozjpeg-lossless-optimization"
        ) from error
    return bytes(optimize(data, copy=COPY_MARKERS.ALL))


def _probe_pays(options: Mapping[str, Any]) -> bool:
    """Return whether a plain baseline encode is much cheaper; it is not where only Huffman tables are optimised."""
    return bool(options.get("progressive") or options.get("scans") == _MOZJPEG)


def _header(content: str, quality: float | None, mode: str) -> int:
    """Return the bytes of all markers: quantisation tables, Huffman tables, and the headers of every scan."""
    whole = 694 if quality is None else 720 if quality >= _PROGRESSIVE_FROM[content] else 380
    return whole // 2 if mode in {"L", "CMYK"} else whole


_PHOTOGRAPH_BITS = (
    (1, 0.0837),
    (6.5, 0.11),
    (12, 0.15),
    (18, 0.208),
    (23.5, 0.25),
    (29, 0.301),
    (35, 0.371),
    (41, 0.457),
    (52, 0.582),
    (63, 0.744),
    (74, 0.952),
    (81, 1.28),
    (86.5, 1.55),
    (92, 1.76),
    (95, 2.13),
    (97.75, 2.96),
    (100, 5.14),
)
_GRAPHIC_BITS = (
    (1, 0.101),
    (6.5, 0.131),
    (12, 0.169),
    (18, 0.219),
    (23.5, 0.24),
    (29, 0.258),
    (35, 0.28),
    (41, 0.304),
    (52, 0.347),
    (63, 0.399),
    (74, 0.509),
    (81, 0.637),
    (86.5, 0.747),
    (92, 0.857),
    (95, 0.993),
    (97.75, 1.65),
    (100, 2.45),
)

# Held-out pieces below this, 1 to 0.1 bits per pixel: 1.7x bisection's speed without reading them, 1.3x with (geometric
# means of 11 cases, 2.6 trials instead of 2.2); from here on the two are as good.
_PROBE_FROM_PIXELS = 10_000


def _careful(codec: Codec, picture: Image.Image) -> Careful | None:
    """Return trials of a picture with levels chosen by looks: at effort "best", where numpy is installed."""
    options = codec.setting(codec.ladder[0], picture.mode)
    if not options.get("scans") or find_spec("numpy") is None:
        return None
    from bytefit.codecs.jpeg.best.encodes import best_looking

    return best_looking(codec, picture, options)


def _coding_in_place(image: Image.Image | Frames) -> Mapping[str, Any]:
    """Return what keeps a baseline file baseline: some cameras, frames and printers show nothing else."""
    return {} if image.info.get("progressive") else {"progressive": False}


def _on_request(options: Mapping[str, Any]) -> Codec | None:
    """Return the codec whose effort "best" makes baseline files, where those are asked for."""
    if options.get("progressive") is not False:
        return None
    return JPEG_BASELINE


_LADDER = (*(first + i * step for first, last, step in _STEPS for i in range(round((last - first) / step))), 100)

JPEG = Codec(
    format="JPEG",
    suffixes=named("JPEG").suffixes,
    ladder=_LADDER,
    setting=partial(_setting, PHOTOGRAPH),
    encode=_encode,
    mean_bits=_PHOTOGRAPH_BITS,
    modes=Modes(
        opaque={**TO_RGB, "L": "L", "1": "L", "YCbCr": "YCbCr", "CMYK": "CMYK"},
        refused=REFUSED_EVERYWHERE,
    ),
    save_options=SaveOptions(
        steered=frozenset({"quality", "qtables", "streamtype"}),
        allowed=frozenset(
            {"progressive", "progression", "optimize", "subsampling", "smooth", "keep_rgb", "restart_marker_blocks"}
            | {"restart_marker_rows", "dpi", "exif", "icc_profile", "xmp", "comment", "extra"}
        ),
        efforts={
            "fast": {"progressive": False},
            "normal": {},
            "best": {"progressive": False, "optimize": False, "scans": _MOZJPEG},
        },
    ),
    lossless=Lossless(versions=lossless_versions, coding=frozenset({"progressive"})),
    hints=SeedingHints(
        probe_options={"progressive": False, "optimize": False, "scans": None},
        probe_pays=_probe_pays,
        probe_from_pixels=_PROBE_FROM_PIXELS,
        header=partial(_header, PHOTOGRAPH),
        rows_apart=True,
        smooth_within=0.06,
    ),
    source=SourceKnowledge(quality=partial(source_quality, ladder=_LADDER), coding_in_place=_coding_in_place),
    holds=Holds(max_side=65_500),
    container=CONTAINER,
)
JPEG = JPEG._replace(
    variants=Variants(
        for_graphics=JPEG._replace(
            setting=partial(_setting, GRAPHIC),
            mean_bits=_GRAPHIC_BITS,
            hints=JPEG.hints._replace(header=partial(_header, GRAPHIC)),
            variants=Variants(content=GRAPHIC, careful=_careful),
        ),
        careful=_careful,
        on_request=_on_request,
    ),
)

_BASELINE_OPTIONS = JPEG.save_options._replace(
    efforts={**JPEG.save_options.efforts, "best": {"progressive": False, "scans": _BASELINE}}
)
JPEG_BASELINE = JPEG._replace(
    save_options=_BASELINE_OPTIONS,
    variants=JPEG.variants._replace(for_graphics=JPEG.for_content(GRAPHIC)._replace(save_options=_BASELINE_OPTIONS)),
)
