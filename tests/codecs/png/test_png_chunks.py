"""The chunks of a PNG are read if complete, carried along, and reported if they would be lost."""

from __future__ import annotations

import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import bytefit
from bytefit.codecs.png.chunks import (
    CHUNKS,
    COLOUR_CHUNKS,
    SIGNATURE,
    carried_chunks,
    chunk,
    chunks,
    chunks_of,
    colour_chunks,
    lost_in_png,
    other_chunks,
    with_chunks,
)
from images import XMP, animation, encoded, exif, icc_profile, opened, photograph

names = st.text(st.characters(min_codepoint=65, max_codepoint=90), min_size=4, max_size=4).map(str.encode)

PLAIN = encoded(photograph((24, 16)), "PNG")
IN_COLOURS = encoded(photograph((24, 16)).quantize(16), "PNG")


def with_private(*made, data=PLAIN):
    """Return a file with chunks of (name, content) inserted after its header."""
    return with_chunks(data, b"".join(chunk(name, content) for name, content in made), b"")


def order_of(data):
    """Return the names of the chunks of a file in order, without repetitions."""
    return list(dict.fromkeys(name for name, *_ in chunks(data)))


@given(st.lists(st.tuples(names, st.binary(max_size=300)), max_size=8))
def test_chunks_are_read_as_they_were_made(made):
    """The names, contents and offsets of all chunks must be returned."""
    data = SIGNATURE + b"".join(chunk(name, content) for name, content in made)

    found = list(chunks(data))

    assert [(name, content) for name, content, *_ in found] == made
    assert b"".join(data[start:end] for *_, start, end in found) == data[len(SIGNATURE) :]


@given(st.lists(st.tuples(names, st.binary(max_size=40)), min_size=1, max_size=4), st.integers(0, 200))
def test_of_a_file_cut_short_the_whole_chunks_are_read(made, cut):
    """Of a truncated file only the complete chunks must be returned."""
    whole = SIGNATURE + b"".join(chunk(name, content) for name, content in made)
    data = whole[: max(len(SIGNATURE), len(whole) - cut)]

    found = list(chunks(data))

    assert found == list(chunks(whole))[: len(found)]
    assert all(end <= len(data) for *_, end in found)


def test_a_chunk_is_what_the_standard_says():
    """A chunk must have length, name, content and the checksum that libpng computes."""
    assert chunk(b"IEND", b"") == bytes.fromhex("0000000049454e44ae426082")
    ended = {name: PLAIN[start:end] for name, _, start, end in chunks(PLAIN)}
    assert all(chunk(name, piece[8:-4]) == piece for name, piece in ended.items())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_of_usual_files_nothing_is_lost(mode):
    """Common files must report no loss, 16-bit grey included: Pillow reads it in full."""
    picture = Image.new(mode, (8, 8))

    assert lost_in_png(encoded(picture, "PNG")) is None


@pytest.mark.parametrize("colour_type", [2, 4, 6])
def test_deep_colours_would_be_lost(colour_type):
    """16-bit colours must be reported: Pillow silently reads 8 of the 16 bits."""
    header = (8).to_bytes(4, "big") * 2 + bytes((16, colour_type, 0, 0, 0))

    assert lost_in_png(SIGNATURE + chunk(b"IHDR", header)) == "16 bits a channel"


@pytest.mark.parametrize("name", [b"cICP", b"mDCV", b"cLLI"])
def test_colours_of_their_own_would_be_lost(name):
    """Chunks of a high dynamic range or wide gamut must be reported."""
    assert lost_in_png(with_private((name, bytes(4)))) == f"colours of its own (chunk {name.decode()})"


@pytest.mark.parametrize("data", [b"", SIGNATURE, SIGNATURE + chunk(b"IHDR", b"short"), SIGNATURE + b"\xff" * 40])
def test_of_broken_files_nothing_is_said(data):
    """Broken files must report no loss: the decoder refuses them."""
    assert lost_in_png(data) is None


def test_other_chunks_are_those_of_no_option_and_no_pixel():
    """Texts, gamma and unknown chunks must be carried; palette, size, EXIF and the like are written again."""
    kept = [
        (b"tEXt", b"Title\x00a view"),
        (b"gAMA", b"\x00\x00\xb1\x8f"),
        (b"mINe", b"own"),
        (b"iTXt", b"k\x00\x00\x00\x00\x00v"),
    ]
    dropped = [
        *((b"eXIf", b"II*\x00"), (b"pHYs", bytes(9)), (b"iCCP", b"p\x00\x00"), (b"tIME", bytes(7)), (b"bKGD", b"\x00")),
        *((b"sBIT", bytes(3)), (b"hIST", b""), (b"sPLT", b""), (b"iTXt", b"XML:com.adobe.xmp\x00" + bytes(4) + XMP)),
    ]

    found = other_chunks(with_private(*dropped, *kept, data=IN_COLOURS))

    assert found == b"".join(chunk(name, content) for name, content in kept)
    assert colour_chunks(found) == chunk(*kept[1])


def test_the_frames_of_an_animation_are_no_other_chunks():
    """Chunks of animation frames must not be carried to another image."""
    assert other_chunks(animation("PNG")) == b""


@pytest.mark.parametrize("opens", [True, False])
def test_what_an_opened_picture_tells_is_chunks(opens):
    """The chunks must be those of the file if they were read, else rebuilt from Pillow's `info`."""
    made = PngInfo()
    made.add_text("Title", "a view")
    made.add_itxt("Naïve", "snow ☃")
    made.add(b"gAMA", (45_455).to_bytes(4, "big"))
    made.add(b"sRGB", b"\x01")
    data = encoded(photograph((24, 16)), "PNG", pnginfo=made)
    picture = opened(data)
    if opens:
        picture.info[CHUNKS] = other_chunks(data)

    again = opened(with_chunks(PLAIN, b"", chunks_of(picture)))

    assert again.text == {"Title": "a view", "Naïve": "snow ☃"}
    assert again.info["gamma"] == pytest.approx(0.45455)
    assert again.info["srgb"] == 1
    if opens:
        assert chunks_of(picture) == other_chunks(data)


def test_a_picture_of_no_file_tells_nothing():
    """An image made in memory must have no chunks."""
    assert chunks_of(photograph((8, 8))) == b""


CARRIED = {
    "icc_profile": icc_profile(),
    "exif": exif(orientation=6),
    "xmp": XMP,
    "dpi": (300, 72),
    "comment": b"a view",
}


@pytest.mark.parametrize("data", [PLAIN, IN_COLOURS, animation("PNG")], ids=["colours", "palette", "animation"])
def test_what_is_carried_is_read_by_pillow(data):
    """Pillow must read all carried metadata without a warning, and the same pixels."""
    again = opened(with_chunks(data, *carried_chunks({**CARRIED, "extra": chunk(b"gAMA", b"\x00\x00\xb1\x8f")})))

    assert again.tobytes() == opened(data).tobytes()
    assert (again.info["icc_profile"], again.info["xmp"], again.info["Comment"]) == (icc_profile(), XMP, "a view")
    assert again.info["dpi"] == pytest.approx((300, 72), abs=0.02)
    assert again.getexif()[0x0112] == 6
    assert again.info["gamma"] == pytest.approx(0.45455)


def test_chunks_stand_where_the_standard_wants_them():
    """Colour chunks must precede the palette, and all others the pixels."""
    carried = carried_chunks({**CARRIED, "extra": chunk(b"sRGB", b"\x00")})

    order = order_of(with_chunks(IN_COLOURS, *carried))

    early, late = (order_of(SIGNATURE + part) for part in carried)
    assert order == [b"IHDR", *early, b"PLTE", *late, b"IDAT", b"IEND"]
    assert set(early) == {b"iCCP", b"sRGB"} <= COLOUR_CHUNKS
    assert set(late) == {b"pHYs", b"eXIf", b"iTXt", b"tEXt"}


def test_chunks_stand_before_an_animations_control():
    """Chunks must precede acTL, which may directly follow the header."""
    order = order_of(with_chunks(animation("PNG"), *carried_chunks(CARRIED)))

    assert order.index(b"iCCP") < order.index(b"eXIf") < order.index(b"acTL") < order.index(b"IDAT")


@pytest.mark.parametrize(
    ("comment", "kind"),
    [(b"plain", b"tEXt"), ("Grüße", b"tEXt"), ("snow ☃", b"iTXt"), ("Grüße".encode(), b"tEXt"), (b"\xff\xfe", b"iTXt")],
)
def test_comments_are_latin_1_where_that_holds_them(comment, kind):
    """Comments must be Latin-1 if possible, else UTF-8; invalid bytes are replaced."""
    early, late = carried_chunks({"comment": comment})

    text = comment if isinstance(comment, str) else comment.decode(errors="replace")
    assert (early, order_of(SIGNATURE + late)) == (b"", [kind])
    assert opened(with_chunks(PLAIN, early, late)).info["Comment"] == text


def test_texts_a_user_makes_are_carried():
    """Texts of a `PngInfo` must be written as Pillow writes them."""
    made = PngInfo()
    made.add_text("Title", "a view", zip=True)
    made.add_text("Author", "somebody")

    again = opened(with_chunks(PLAIN, *carried_chunks({"pnginfo": made})))

    assert again.text == {"Title": "a view", "Author": "somebody"}


def test_nothing_is_carried_of_nothing():
    """Empty values must write no chunk."""
    assert carried_chunks(dict.fromkeys(CARRIED, b"")) == (b"", b"")


def test_checksums_are_right():
    """Every chunk must have a valid checksum."""
    data = with_chunks(PLAIN, *carried_chunks(CARRIED))

    for name, content, _, end in chunks(data):
        assert data[end - 4 : end] == zlib.crc32(name + content).to_bytes(4, "big")
    with Image.open(BytesIO(data)) as picture:
        picture.verify()


@pytest.mark.parametrize("share", [0.5, 0.8, 1.1])
@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
def test_chunks_come_through_a_fit(tmp_path, share, policy):
    """A fit must keep all chunks, the colour chunks or none, by policy, whether lossless or in fewer colours."""
    white = b"".join(value.to_bytes(4, "big") for value in (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
    colours = {b"gAMA": (45_455).to_bytes(4, "big"), b"cHRM": white, b"sRGB": b"\x01"}
    others = {b"tEXt": b"Title\x00a view", b"prVt": b"somebody's own"}
    early, late = (b"".join(chunk(*one) for one in made.items()) for made in (colours, others))
    path = tmp_path / "a.png"
    path.write_bytes(with_chunks(encoded(photograph((24, 18)), "PNG"), early, late))
    least = bytefit.compress(path, 10**6, metadata=policy, lossless=True).size
    budget = int(least * share)

    result = bytefit.compress(path, budget, metadata=policy)

    kept = {"keep": {**colours, **others}, "orientation+icc": colours, "strip": {}}[policy]
    found = {name: content for name, content, *_ in chunks(result.data)}
    assert {name: found.get(name) for name in (*colours, *others)} == {**dict.fromkeys((*colours, *others)), **kept}
    assert result.fits
    assert (result.quality == 100) == (share > 1)
