"""What a TIFF file carries besides its pixels, what of it Pillow would drop, and how it is padded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import Container, Descriptions, Padding
from bytefit.codecs.tiff.descriptions import density_in, profile_in
from bytefit.codecs.tiff.tags import (
    TAGS,
    exif_from_tags,
    kept_tags,
    lost_in_tiff,
    low_byte_mode,
    tags_of_tiff_only,
    tags_without_groups,
    with_dimensions,
    with_srgb,
)

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs.descriptions import Density
    from bytefit.options.policies import Policy
    from bytefit.pictures.frames import Frames

# The keys in `info` under which resolution and further tags of a file are stored.
DENSITY, REST = "tiff_density", "tiff_tags_of_its_own"


def pad(data: bytes, missing: int) -> bytes:
    """Put bytes behind everything: no directory points to them (TIFF 6.0, section 2)."""
    return data + bytes(missing)


def lost_on_any_page(image: Image.Image, _data: bytes) -> str | None:
    """Return what one of the pages of an opened TIFF holds that would be lost, or None; it ends at the first page."""
    lost, count = lost_in_tiff(image), getattr(image, "n_frames", 1)
    for page in range(1, count):
        image.seek(page)
        lost = lost or lost_in_tiff(image)
    if count > 1:
        image.seek(0)
    return lost


def carried(image: Image.Image | Frames, policy: str) -> Mapping[str, Any]:
    """Return the tags of each page that describe it; the resolution is among them."""
    if policy != "keep" or TAGS not in image.info:
        return {}
    return {"tiffinfo": image.info[TAGS], "density": None}


def selected(carried: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """Return the tags of pages without what a policy drops."""
    pages = carried.get("tiffinfo") or ()
    return (
        {} if isinstance(pages, Mapping) else {"tiffinfo": tuple(tags_without_groups(page, policy) for page in pages)}
    )


def allocate_pixels(image: Image.Image) -> None:
    """Allocate the pixels of an opened TIFF above Pillow's limit, which Pillow otherwise checks again in `load`."""
    from PIL import Image as PillowImage

    most, size = PillowImage.MAX_IMAGE_PIXELS, getattr(image, "_tile_size", image.size)
    if most is not None and size[0] * size[1] > 2 * most:
        image.im = PillowImage.new(image.mode, size).im


def unread_metadata(image: Any, _data: bytes) -> Mapping[str, Any]:
    """Return the tags of every page; and of the first what other formats hold: EXIF, resolution, colours."""
    pages = kept_tags(image)
    return {
        TAGS: pages,
        "exif": exif_from_tags(pages[0]),
        DENSITY: density_in(image.tag_v2),
        REST: tags_of_tiff_only(pages[0]),
        **profile_in(image.tag_v2, grey=image.mode in {"1", "L", "LA"}),
    }


def _density(image: Image.Image | Frames) -> Density | None:
    """Return the resolution, not the one pixel an inch that Pillow makes up where there is none."""
    if DENSITY in image.info:
        stated: Density | None = image.info[DENSITY]
        return stated
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else density_in(tags)


def resized(carried: Mapping[str, Any], size: tuple[int, int]) -> Mapping[str, Any]:
    """Return the tags of pages that were scaled to `size`."""
    pages = carried.get("tiffinfo") or ()
    return {} if isinstance(pages, Mapping) else {"tiffinfo": tuple(with_dimensions(page, size) for page in pages)}


def scaled_to_8(image: Image.Image, data: bytes) -> Image.Image:
    """Return an opened image of 16 bits a channel with its samples scaled to 8. Pillow takes the high bytes."""
    from bytefit.pictures.opening import UNLIMITED, open_image
    from bytefit.pictures.replaced_pixels import with_pixels
    from bytefit.pictures.sixteen_bits import scaled_to_8_bits

    low: Any = open_image(data, UNLIMITED)
    low.tile = [tile._replace(args=(low_byte_mode(low), *tile.args[1:])) for tile in low.tile]
    for half in (image, low):
        allocate_pixels(half)
        half.load()
    scaled = scaled_to_8_bits(image, low)
    scaled.info = dict(image.info)
    return with_pixels(image, scaled)


def as_srgb(info: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return `info` with sRGB as the colour space that the EXIF directories of its pages state."""
    return {**info, TAGS: tuple(with_srgb(page) for page in info[TAGS])} if TAGS in info else info


CONTAINER = Container(
    selected=selected,
    as_srgb=as_srgb,
    scaled_to_8=scaled_to_8,
    settle=allocate_pixels,
    lost=lost_on_any_page,
    unread_metadata=unread_metadata,
    carried=carried,
    resized=resized,
    descriptions=Descriptions(
        texts=lambda _image: (),  # they are EXIF tags
        density=_density,
        states_density=lambda density, _mode: density.fractions is not None,
        keeps_thumbnail=False,
        own_data=lambda image: image.info.get(REST, ()),
    ),
    padding=Padding(0, pad),
)
