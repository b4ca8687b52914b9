"""What goes with an image from one file into another: metadata, texts, resolution, colours, further data.

Whatever the new format has a place for is kept in that place, or said in another way. What is left is named: nothing is
lost in silence. No format's name stands here: what each can say is declared in its `Container`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs import container_of, exif, xmp
from bytefit.codecs.colour_profiles import for_colours
from bytefit.codecs.container import TrailingData
from bytefit.codecs.descriptions import NO_UNIT
from bytefit.errors import UnsupportedImage
from bytefit.options import KEEP, POLICIES
from bytefit.pictures.frames import Frames
from bytefit.sources.metadata import orientation_exif, orientation_to_apply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.codecs.descriptions import Density, Text

# The kind of colours a mode holds, where that is not RGB. A colour profile is made for one kind.
_COLOURS = {"1": "grey", "L": "grey", "LA": "grey", "La": "grey", "I;16": "grey", "I;16B": "grey", "CMYK": "inks"}


class Carried(NamedTuple):
    """What is carried into a file.

    Attributes:
        options: the save options that carry it.
        dropped: words for everything that the format has no place for.
    """

    options: dict[str, Any]
    dropped: tuple[str, ...]


def carry(image: Image.Image | Frames, codec: Codec, mode: str, policy: str) -> Carried:
    """Return what `policy` keeps of what the file of an image says, as save options.

    Args:
        image: the image as it was opened, before its pixels are turned; its `info` holds the metadata.
        codec: the codec that will encode it.
        mode: the mode it is encoded in.
        policy: "keep" keeps EXIF, colour profile, XMP, resolution, texts and, in the same format, whatever else the
            format's `Container` carries;
            "orientation+icc" keeps what changes how the image looks: the colour profile, the shape of a pixel, and an
            EXIF block of nothing but the orientation;
            groups, as in "keep-gps" and "orientation+copyright", keep what their names say;
            "strip" keeps nothing, and expects that the orientation was applied to the pixels (see
            `bytefit.sources.metadata.orientation_to_apply`).

    Raises:
        UnsupportedImage: if the image would look different without what the format cannot hold.
    """
    if policy not in POLICIES:
        return _carry_groups(image, codec, mode, policy)
    own = container_of(image.format).descriptions
    same = codec.container is container_of(image.format) and image.format is not None
    # Empty values are passed on too: Pillow would otherwise take comment and profile from `info`.
    options: dict[str, Any] = {"icc_profile": b"", "exif": b"", "xmp": b"", "comment": b"", "extra": b""}
    dropped: list[str] = []
    if policy != "strip":
        options["icc_profile"] = _profile(image, codec, mode, dropped, same=same)
    if policy == "orientation+icc" and orientation_to_apply(image, codec, policy) == 1:
        options["exif"] = orientation_exif(image)
    if policy == "keep":
        comment = (image.info.get("comment") or b"") if same else b""
        options.update(exif=exif_of(image), xmp=_xmp(image), comment=comment)
        dropped += _leave_out_exif(options, codec)
    carried = codec.container.carried(image, policy)
    options.update(carried)
    if policy == "keep" and not same:
        dropped += [*_add_texts(own.texts(image), options, codec), *own.own_data(image)]
    density = None if "density" in carried else own.density(image)
    if density is not None and (policy == "keep" or (policy != "strip" and density.unit == NO_UNIT)):
        dropped += _add_density(density, options, codec, mode)
    allowed = codec.save_options.allowed
    dropped += [*own.not_kept(image), *(["XMP"] if options["xmp"] and "xmp" not in allowed else [])]
    kept = {name: value for name, value in options.items() if name in allowed or (name == "density" and value)}
    return Carried(kept, tuple(dict.fromkeys(dropped)) if policy == "keep" else ())


def _carry_groups(image: Image.Image | Frames, codec: Codec, mode: str, policy: str) -> Carried:
    """Return what a policy of groups keeps: all of it, less what the policy drops, wherever it stands."""
    from bytefit.codecs.groups import exif as exif_groups
    from bytefit.codecs.groups import xmp as xmp_groups
    from bytefit.options.policies import policy_of

    kept = policy_of(policy)
    options = dict(carry(image, codec, mode, KEEP).options)
    options |= codec.container.selected(options, kept)
    edits = {"exif": exif_groups.without_groups, "xmp": xmp_groups.without_groups}
    for name, without_groups in edits.items():
        if options.get(name):
            options[name] = without_groups(options[name], kept)
    for name, group in (("icc_profile", "icc"), ("comment", "comment")):
        if options.get(name) and not kept.keeps(group):
            options[name] = b""
    if not kept.keeps("resolution"):
        options.pop("dpi", None)
        density = options.pop("density", None)
        shape = None if density is None else density._replace(unit=NO_UNIT)
        if shape is not None and shape.x != shape.y and codec.container.descriptions.states_density(shape, mode):
            options["density"] = shape
    return Carried(options, ())


def _profile(image: Image.Image | Frames, codec: Codec, mode: str, dropped: list[str], *, same: bool) -> bytes:
    """Return the colour profile, or one that means the same as what the file says about its colours.

    Raises:
        UnsupportedImage: if the format has no place for one that was made of gamma and primaries.
    """
    grey = _COLOURS.get(mode) == "grey"
    profile: bytes = image.info.get("icc_profile") or b""
    if profile and _COLOURS.get(image.mode, "RGB") != _COLOURS.get(mode, "RGB"):
        converted = for_colours(profile) if _COLOURS.get(mode, "RGB") == "RGB" else b""
        if not converted:
            dropped.append("colour profile")
        profile = converted
    if profile and "icc_profile" not in codec.save_options.allowed:
        dropped.append("colour profile")
    if profile or same or image.info.get("icc_profile"):
        return profile
    made = container_of(image.format).descriptions.colour_profile(image, grey)
    if made and not codec.container.descriptions.profiles_are_applied:
        raise UnsupportedImage(
            f"its file states a gamma or primaries other than those of sRGB, which viewers of {codec.format} ignore: "
            f"take PNG, JPEG, WEBP or AVIF, or convert it with colours='srgb'"
        )
    return made


def _leave_out_exif(options: dict[str, Any], codec: Codec) -> list[str]:
    """Take EXIF out for a format without it, whose pixels were turned; return words for what that loses."""
    if "exif" in codec.save_options.allowed:
        kept = codec.container.descriptions.keeps_thumbnail or not exif.has_thumbnail(options["exif"])
        return [] if kept else ["EXIF thumbnail"]
    tags = exif.tags_in(options["exif"]) - {exif.ORIENTATION}
    options["exif"] = b""
    return ["EXIF"] if tags else []


def _add_texts(texts: Sequence[Text], options: dict[str, Any], codec: Codec) -> list[str]:
    """Put texts where the format holds them, else into XMP; return what is left."""
    left = texts
    if (put := codec.container.descriptions.with_texts) is not None:
        stored, left = put(texts)
        options["extra"] += stored
    elif "comment" in codec.save_options.allowed:
        options["comment"], left = "\n".join(text.line for text in texts).encode(), ()
    elif "xmp" in codec.save_options.allowed:
        options["xmp"], left = xmp.with_texts(options["xmp"], texts)
    return [text.origin for text in left]


def _add_density(density: Density, options: dict[str, Any], codec: Codec, mode: str) -> list[str]:
    """State the resolution or the shape of a pixel where the format can, else in EXIF; return what is left."""
    states = codec.container.descriptions.states_density
    if states(density, mode):
        options["density"] = density
        return []
    if "exif" in codec.save_options.allowed and (stated := density.fractions) is not None:
        options["exif"] = exif.with_resolution(options["exif"], *stated)
        return []
    if density.unit != NO_UNIT and "dpi" in codec.save_options.allowed:
        options["dpi"] = tuple(density.per("inch")[:2])
        return []
    shape = density._replace(unit=NO_UNIT)
    if density.x != density.y and density.unit != NO_UNIT and states(shape, mode):
        options["density"] = shape
    return [str(density)]


def exif_of(image: Image.Image | Frames) -> bytes:
    """Return the EXIF block in the `info` of an image; empty where there is none."""
    raw = image.info.get("exif") or b""
    if not raw and (text := image.info.get("Raw profile type exif")):  # ImageMagick's: a name, a length, hexadecimals
        with suppress(ValueError):
            raw = bytes.fromhex("".join(str(text).split("\n")[3:]))
    block = raw if not raw or raw.startswith(exif.PREFIX) else exif.PREFIX + raw
    return exif.with_orientation(block, 1) if container_of(image.format).turned_by_decoder else block


def _xmp(image: Image.Image | Frames) -> bytes:
    raw = image.info.get("xmp") or b""
    return raw.encode() if isinstance(raw, str) else raw


def without_cover(
    image: Image.Image | Frames, codec: Codec, *, name: str, drop_extras: bool
) -> tuple[Image.Image | Frames, tuple[str, ...]]:
    """Return an animation without the picture that is no part of it, where the format has no place for that.

    Returns:
        The animation, or the image where only one frame is left; and words for what was left out.

    Raises:
        UnsupportedImage: if that picture would be lost, shows something else, and was not dropped on purpose.
    """
    if not isinstance(image, Frames) or not image.info.get("default_image"):
        return image, ()
    if codec.container.descriptions.keeps_cover:
        return image, ()
    cover, first = image.first, image.pictures[1]
    if not drop_extras and cover.convert("RGBA").tobytes() != first.convert("RGBA").tobytes():
        raise UnsupportedImage(
            f"{name} carries a still picture that is no part of its animation, which {codec.format} cannot hold: "
            f"drop_extras=True leaves it out"
        )
    rest = image.excerpt(range(1, len(image.pictures)))
    info = {key: value for key, value in image.info.items() if key != "default_image"}
    words = ("still picture that is no part of the animation",)
    if len(rest.pictures) > 1:
        return rest._replace(info=info), words
    only = rest.first.copy()
    only.info, only.format = dict(info), image.format
    return only, words


def kept_trailing_data(
    data: bytes, source: Image.Image | Frames, codec: Codec, *, policy: str, name: str, drop_extras: bool
) -> TrailingData:
    """Return the further images and other data, stored after the main image of a file, that the new file keeps.

    Args:
        data: the file; empty for an image that was opened by somebody else.
        source: its main image.
        codec: the codec that will encode it.
        policy: see `kept`; data whose meaning nobody knows go with the metadata.
        name: for the messages.
        drop_extras: leave all of it out.

    Raises:
        UnsupportedImage: if it would be lost without having been dropped on purpose.
    """
    own = container_of(source.format)
    stored = own.auxiliary_images
    if drop_extras or stored is None:
        return TrailingData()
    if not data and stored.is_one_of_several(source):
        raise UnsupportedImage(
            f"{name} is one of several pictures of its file, and the others would be lost: "
            f"give the path of the file to keep them, or drop_extras=True to leave them out"
        )
    found = stored.described(data) if data else None
    if found is None:
        return TrailingData()
    description, is_known = found
    if policy != "keep" and not is_known:
        return TrailingData()
    same_format = codec.container.auxiliary_images is stored
    if policy != "keep" or not same_format:
        holder = f"a file without its metadata (metadata={policy!r})" if same_format else codec.format
        raise UnsupportedImage(
            f"{name} carries {description}, which {holder} cannot hold: drop_extras=True leaves it out"
        )
    return stored.carried(data, name)
