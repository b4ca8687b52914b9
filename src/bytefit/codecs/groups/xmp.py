"""Takes properties out of an XMP packet (ISO 16684-1) by their groups; every other character stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs.groups.exif import WITH_MAKER_NOTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from xml.parsers.expat import XMLParserType

    from bytefit.options.policies import Policy

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ADOBE, _IPTC = "http://ns.adobe.com/", "http://iptc.org/std/"

# Namespace -> property -> group; under the empty name the group of all other properties of the namespace.
_TIFF = {
    "Orientation": "orientation",
    **dict.fromkeys(("XResolution", "YResolution", "ResolutionUnit"), "resolution"),
    **dict.fromkeys(("Make", "Model", "Software"), "camera"),
    **dict.fromkeys(("Artist", "Copyright"), "copyright"),
    "DateTime": "date",
    "ImageDescription": "text",
}
_SERIALS = ("SerialNumber", "LensSerialNumber", "OwnerName", "BodySerialNumber", "CameraOwnerName", "ImageUniqueID")
_CAMERA = {"": "camera", **dict.fromkeys(_SERIALS, "serial")}
_GROUPS: Mapping[str, Mapping[str, str]] = {
    f"{_ADOBE}tiff/1.0/": _TIFF,
    f"{_ADOBE}exif/1.0/": {
        **_CAMERA,
        **_TIFF,
        **dict.fromkeys(("DateTimeOriginal", "DateTimeDigitized"), "date"),
        "UserComment": "text",
        "MakerNote": "makernote",
        **dict.fromkeys(("PixelXDimension", "PixelYDimension", "ColorSpace", "ExifVersion", "FlashpixVersion"), " "),
    },
    f"{_ADOBE}exif/1.0/aux/": _CAMERA,
    "http://cipa.jp/exif/1.0/": _CAMERA,
    f"{_ADOBE}camera-raw-settings/1.0/": {"": "camera"},
    "http://purl.org/dc/elements/1.1/": {
        **dict.fromkeys(("rights", "creator", "contributor", "publisher"), "copyright"),
        **dict.fromkeys(("title", "description", "subject"), "text"),
        "date": "date",
    },
    f"{_ADOBE}xap/1.0/": {
        **dict.fromkeys(("CreateDate", "ModifyDate", "MetadataDate"), "date"),
        **dict.fromkeys(("Label", "Nickname"), "text"),
        "CreatorTool": "camera",
        "Thumbnails": "thumbnail",
    },
    f"{_ADOBE}xap/1.0/mm/": {"History": "date"},
    f"{_ADOBE}xap/1.0/rights/": {"": "copyright"},
    "http://ns.useplus.org/ldf/xmp/1.0/": {"": "copyright"},
    "http://creativecommons.org/ns#": {"": "copyright"},
    f"{_ADOBE}photoshop/1.0/": {
        **dict.fromkeys(("Credit", "Source", "AuthorsPosition", "CaptionWriter"), "copyright"),
        **dict.fromkeys(("City", "State", "Country"), "gps"),
        **dict.fromkeys(("Headline", "Instructions", "Category", "SupplementalCategories"), "text"),
        **dict.fromkeys(("History", "DateCreated"), "date"),
        "ICCProfile": "icc",
    },
    f"{_IPTC}Iptc4xmpCore/1.0/xmlns/": {
        **dict.fromkeys(("Location", "CountryCode"), "gps"),
        "CreatorContactInfo": "copyright",
        "": "text",
    },
    f"{_IPTC}Iptc4xmpExt/2008-02-29/": {
        **dict.fromkeys(("LocationShown", "LocationCreated"), "gps"),
        "PersonInImage": "text",
    },
    "http://ns.google.com/photos/1.0/camera/": {},
}
# Programs repeat these in namespaces of their own.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(_SERIALS, "serial"),
    **dict.fromkeys(("MetadataDate", "CreateDate", "ModifyDate", "DateTimeOriginal", "DateAcquired"), "date"),
    **dict.fromkeys(("Artist", "Copyright", "Creator", "creator", "rights"), "copyright"),
}
# A start tag, an empty tag or an end tag; quoted values may hold ">".
_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE = re.compile(rb"""\s+([\w.-]+):([\w.-]+)\s*=\s*("[^"]*"|'[^']*')""")


class _Cut(NamedTuple):
    """The bytes from `start` to `end` that go."""

    start: int
    end: int


class _NotReadableError(Exception):
    """A packet that is no well-formed XML, or one with a document type."""


def without_groups(packet: bytes, policy: Policy) -> bytes:
    """Return a packet without what a policy drops; empty where no property is left, or it cannot be read."""
    try:
        cuts, left = _cuts(packet, policy)
    except _NotReadableError:
        return b""
    if not left:
        return b""
    kept, position = [], 0
    for cut in sorted(cuts):
        kept.append(packet[position : max(position, cut.start)])
        position = max(position, cut.end)
    return b"".join((*kept, packet[position:]))


def group_of(namespace: str, name: str) -> str:
    """Return the group of a property; a blank for one that says how samples are stored, or nothing for any other."""
    if name.startswith("GPS"):
        return "date" if name == "GPSTimeStamp" else "gps"
    known = _GROUPS.get(namespace, _ELSEWHERE)
    return known.get(name, known.get("", ""))


def _keeps(policy: Policy, namespace: str, name: str) -> bool:
    own = group_of(namespace, name)
    if own == " ":
        return policy.others or policy.keeps("xmp")
    if own == "makernote":
        names = WITH_MAKER_NOTES if policy.others else ("makernote",)
        return all(policy.keeps(group, "xmp") for group in names)
    if name == "GPSTimeStamp" and own == "date" and policy.others:
        return policy.keeps("gps", "xmp") and policy.keeps("date")
    return policy.keeps(*filter(None, (own, "xmp")))


def _cuts(packet: bytes, policy: Policy) -> tuple[list[_Cut], bool]:
    """Return what goes, and whether any property is left.

    Raises:
        _NotReadableError: see there.
    """
    from xml.parsers import expat

    parser = expat.ParserCreate(namespace_separator=" ")
    cuts: list[_Cut] = []
    left = [False]
    above: list[str] = []
    prefixes: dict[str, str] = {}
    dropped: list[tuple[int, int]] = []  # depth and start of an element that goes

    def refuse(*_: object) -> None:
        raise _NotReadableError

    def start(name: str, _attributes_of: dict[str, str]) -> None:
        place = parser.CurrentByteIndex
        namespace, _, local = name.rpartition(" ")
        if not dropped and _is_top(above):
            if namespace != _RDF and not _keeps(policy, namespace, local):
                dropped.append((len(above), place))
            else:
                left[0] = True
        elif not dropped and _is_top([*above, name]):
            going, stays = _attributes(packet, place, prefixes, policy)
            cuts.extend(going)
            left[0] |= stays
        above.append(name)

    def end(_name: str) -> None:
        above.pop()
        if dropped and dropped[-1][0] == len(above):
            _, first = dropped.pop()
            tag = _tag_at(packet, first)
            if not tag.group().endswith(b"/>"):
                tag = _tag_at(packet, parser.CurrentByteIndex)
            cuts.append(_Cut(first, tag.end()))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    parser.StartNamespaceDeclHandler = prefixes.__setitem__
    _parse(parser, packet, lambda: not above and bool(prefixes))
    return cuts, left[0]


def _parse(parser: XMLParserType, packet: bytes, is_complete: Callable[[], bool]) -> None:
    """Parse a packet; what comes behind its last element does not matter.

    Raises:
        _NotReadableError: if it is no well-formed XML up to there.
    """
    from xml.parsers.expat import ExpatError

    try:
        parser.Parse(packet.rstrip(b"\x00"), True)  # noqa: FBT003  (this is the last part)
    except (ExpatError, ValueError) as error:
        if not is_complete():
            raise _NotReadableError from error


def _tag_at(packet: bytes, place: int) -> re.Match[bytes]:
    tag = _TAG.match(packet, place)
    if tag is None:
        raise _NotReadableError
    return tag


def _is_top(path: list[str]) -> bool:
    """Return whether a path of elements ends in a description that is no value of a property."""
    return path[-2:] == [f"{_RDF} RDF", f"{_RDF} Description"]


def _attributes(packet: bytes, place: int, prefixes: Mapping[str, str], policy: Policy) -> tuple[list[_Cut], bool]:
    """Return the attributes of a description that go, and whether any that is a property is left."""
    cuts, left = [], False
    for one in _ATTRIBUTE.finditer(packet, place, _tag_at(packet, place).end()):
        namespace = prefixes.get(one[1].decode(), "")
        if namespace in {"", _RDF}:
            continue
        if _keeps(policy, namespace, one[2].decode()):
            left = True
        else:
            cuts.append(_Cut(one.start(), one.end()))
    return cuts, left
