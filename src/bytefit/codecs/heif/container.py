"""What of a HEIF file Pillow and its plugin would drop, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import Container, Descriptions
from bytefit.codecs.descriptions import NO_UNIT, Density, density_of
from bytefit.codecs.padding import BOX_PADDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

# Colour primaries and transfer functions (ITU-T H.273) whose pictures other formats hold as they are.
_PLAIN_PRIMARIES, _PLAIN_TRANSFERS = {1, 2}, {1, 2, 6, 13}
_DEPTH = 8


def lost_in_heif(image: Image.Image) -> str | None:
    """Return what an opened HEIF file holds that is more than one image of 8 bits and would be lost, or None.

    Thumbnails do not count: they only repeat the image.
    """
    return next(_all_lost_in_heif(image), None)


def _all_lost_in_heif(image: Image.Image) -> Iterator[str]:
    count, info = getattr(image, "n_frames", 1), image.info
    if count > 1:
        yield f"{count} pictures"
    if info.get("bit_depth", _DEPTH) > _DEPTH:
        yield f"{info['bit_depth']} bits a channel"
    if info.get("depth_images"):
        yield "a depth image"
    if info.get("aux"):
        yield f"auxiliary pictures ({', '.join(sorted(info['aux']))})"
    if info.get("metadata"):
        kinds = sorted({str(block.get("content_type") or block.get("type")) for block in info["metadata"]})
        yield f"metadata of other kinds ({', '.join(kinds)})"
    if info.get("entity_groups"):
        yield "groups of pictures"
    if not info.get("icc_profile") and (colours := _strange_colours(info.get("nclx_profile") or {})):
        yield colours


def _strange_colours(nclx: Mapping[str, Any]) -> str | None:
    primaries, transfer = nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2)
    if primaries in _PLAIN_PRIMARIES and transfer in _PLAIN_TRANSFERS:
        return None
    return f"colours of its own (primaries {primaries}, transfer {transfer})"


def register_plugin() -> None:
    """Make Pillow read and write the format.

    Raises:
        ImportError: if the plugin is not installed.
    """
    import pillow_heif

    pillow_heif.register_heif_opener()


def _density(image: Image.Image | Frames) -> Density | None:
    shape = image.info.get("pixel_aspect_ratio")
    return density_of(shape[1], shape[0], NO_UNIT) if isinstance(shape, tuple) else None


CONTAINER = Container(
    lost=lambda image, _data: lost_in_heif(image),
    # pillow-heif writes the shape of a pixel again where it finds it in `info`.
    carried=lambda image, _policy: {"density": None} if "pixel_aspect_ratio" in image.info else {},
    # pillow-heif writes these colours again where it finds them in `info`.
    as_srgb=lambda info: {key: value for key, value in info.items() if key != "nclx_profile"},
    descriptions=Descriptions(density=_density),
    padding=BOX_PADDING,
    register_plugin=register_plugin,
)
