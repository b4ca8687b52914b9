"""Auxiliary images of a JPEG file are carried over byte for byte, and their index is corrected."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg.markers import DQT, behind_picture, markers
from bytefit.codecs.jpeg.multi_picture import (
    carried_index,
    check_auxiliary_images,
    described_auxiliary_images,
    index_of,
    with_auxiliary_images,
    without_auxiliary_images,
)
from bytefit.codecs.padding import pad
from bytefit.errors import UnsupportedImage
from images import XMP, encoded, exif, icc_profile, opened, photograph

APP2, SOS, EOI = 0xE2, 0xDA, b"\xff\xd9"
ORIGIN = 8  # the offsets of an index count from this place in its segment
ENTRIES = ORIGIN + 50  # the offset of the entries in the files made here
FILM = b"\x00\x00\x00\x18ftypmp42 a motion photo's film " * 30
GAIN_MAP = b'<rdf:Description hdrgm:Version="1.0"/>'

LEFT, RIGHT, THIRD = (encoded(photograph((64, 48), seed=seed), quality=90, exif=exif(padding=40)) for seed in (1, 2, 3))


def index_segment(order, entries, *, number=None, kind=7, size=None, place=50):
    """Return an index as cameras write it, from `entries` (attributes, size, offset), or one with an error."""
    entry_bytes = b"".join(struct.pack(order + "IIIHH", *entry, 0, 0) for entry in entries)
    fields = struct.pack(order + "HHI4s", 0xB000, 7, 4, b"0100")
    fields += struct.pack(order + "HHII", 0xB001, 4, 1, len(entries) if number is None else number)
    fields += struct.pack(order + "HHII", 0xB002, kind, len(entry_bytes) if size is None else size, place)
    header = {"<": b"II*\x00", ">": b"MM\x00*"}[order] + struct.pack(order + "I", 8)
    return segment(b"MPF\x00" + header + struct.pack(order + "H", 3) + fields + bytes(4) + entry_bytes)


def segment(content):
    """Return an APP2 segment with its length."""
    return bytes((0xFF, APP2)) + (len(content) + 2).to_bytes(2, "big") + content


def with_segment(data, added):
    """Return a file with a segment before its first table."""
    place = next(start for marker, start, _ in markers(data) if marker == DQT)
    return data[:place] + added + data[place:]


def several(*further, order="<", gap=b"", film=b"", **wrong):
    """Return a file of LEFT and further images, with `gap` between the first two and `film` at the end."""
    place = next(start for marker, start, _ in markers(LEFT) if marker == DQT)
    end = len(LEFT) + ENTRIES + 16 * (1 + len(further))
    entries, position = [(0x030000, end, 0)], end + len(gap)
    for data in further:
        entries.append((0, len(data), position - place - ORIGIN))
        position += len(data)
    return with_segment(LEFT, index_segment(order, entries, **wrong)) + gap + b"".join(further) + film


def reencoded(data, **options):
    """Return the file with its primary image encoded again and its auxiliary images carried over."""
    index = carried_index(data, "a.jpg")
    return with_auxiliary_images(primary(**options), index, behind_picture(data))


def primary(**options):
    """Return another encoding of the primary image."""
    return encoded(opened(LEFT), **{"quality": 60, **options})


def changed(data, place, value, order="<"):
    """Return the file with four bytes of its index changed at `place`, an offset in the segment."""
    place += data.index(index_of(data))
    return data[:place] + struct.pack(order + "I", value) + data[place + 4 :]


def pictures(data):
    """Return every image that Pillow finds by the index of the file."""
    image = Image.open(BytesIO(data))
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        found.append((image.mode, image.size, image.tobytes()))
    return found


def cut_out(data):
    """Return the bytes of every image, by the offsets and sizes that Pillow reads from the index."""
    image = Image.open(BytesIO(data))
    entries = image._getmp()[0xB002]
    origin = data.index(index_of(data)) + ORIGIN
    places = [0] + [origin + entry["DataOffset"] for entry in entries[1:]]
    return [data[place : place + entry["Size"]] for place, entry in zip(places, entries, strict=True)]


FILES = {
    "little-endian": several(RIGHT),
    "big-endian": several(RIGHT, order=">"),
    "three": several(RIGHT, THIRD),
    "gap": several(RIGHT, gap=bytes(23)),
    "film": several(RIGHT, THIRD, order=">", film=FILM),
    "Pillow's": encoded(opened(LEFT), "MPO", save_all=True, append_images=[opened(RIGHT)], exif=exif(padding=9)),
}

each_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES)


@each_file
def test_every_further_picture_stays(data):
    """Pillow must find every further image by the corrected index, and the new encoding as the first."""
    after = reencoded(data)

    assert pictures(after)[0] == pictures(primary())[0]
    assert pictures(after)[1:] == pictures(data)[1:]
    assert len(pictures(after)) >= 2
    assert check_auxiliary_images(data, after) is None


@each_file
def test_the_index_states_what_each_picture_is(data):
    """The index must state the offset and size of every image to the byte."""
    after = reencoded(data)

    first, *others = cut_out(after)

    assert first == after[: len(after) - len(behind_picture(after))]
    assert first.endswith(EOI)
    assert others == cut_out(data)[1:]


@each_file
def test_all_behind_the_picture_stays_byte_for_byte(data):
    """All data after the primary image must stay byte for byte; a second pass must change nothing."""
    after = reencoded(data)

    assert behind_picture(after) == behind_picture(data)
    assert reencoded(after) == after


@each_file
def test_what_is_added_has_the_same_size_whatever_the_picture(data):
    """The added size must not depend on the encoding: the search relies on it."""
    index, behind = carried_index(data, "a.jpg"), behind_picture(data)
    encodings = [primary(), primary(quality=95), primary(progressive=True, icc_profile=icc_profile(), xmp=XMP)]

    added = {len(with_auxiliary_images(each, index, behind)) - len(each) for each in encodings}

    assert added == {len(index_of(data)) + len(behind)}


@each_file
def test_a_file_is_taken_apart_and_put_together_again(data):
    """The primary image must be separable from its auxiliary images, and joined with them again."""
    alone = without_auxiliary_images(data)

    assert (index_of(alone), behind_picture(alone)) == (None, b"")
    assert pictures(alone) == pictures(data)[:1]
    assert (
        check_auxiliary_images(data, with_auxiliary_images(alone, carried_index(data, "a.jpg"), behind_picture(data)))
        is None
    )


def test_the_index_stands_behind_all_metadata():
    """The index must follow all metadata, so that tools that edit metadata do not break its offsets."""
    data = several(RIGHT)
    first = primary(exif=exif(padding=50), icc_profile=icc_profile(size=140_000), xmp=XMP, comment=b"mine")
    padded = pad(first, JPEG, len(first) + 70_003)

    after = with_auxiliary_images(padded, carried_index(data, "a.jpg"), behind_picture(data))

    kinds = [marker for marker, _, _ in markers(after)]
    others = [marker for marker, _, _ in markers(padded)]
    table = others.index(DQT)
    assert kinds[: table + 2] == [*others[:table], APP2, DQT]
    assert len(after) - len(padded) == len(index_of(data)) + len(RIGHT)
    assert check_auxiliary_images(data, after) is None
    assert pictures(after)[1:] == pictures(data)[1:]


def test_the_index_of_another_picture_is_its_own():
    """An index within a further image, as in a stereo pair, must be ignored."""
    own = with_segment(RIGHT, index_segment("<", [(0x020002, 1, 0)]))
    data = several(own)

    after = reencoded(data)

    assert after.endswith(own)
    assert pictures(after)[1:] == pictures(data)[1:]


def test_a_film_needs_no_index():
    """A motion photo's film must be carried without an index: XMP counts from the end of the file."""
    after = reencoded(LEFT + FILM)

    assert after == primary() + FILM
    assert check_auxiliary_images(LEFT + FILM, after) is None


def test_a_file_of_one_picture_holds_nothing_else():
    """A plain JPEG file must have no index and no trailing data."""
    assert (index_of(LEFT), carried_index(LEFT, "a.jpg"), described_auxiliary_images(LEFT)) == (None, None, None)
    assert without_auxiliary_images(LEFT) == LEFT
    assert check_auxiliary_images(LEFT, primary()) is None


@pytest.mark.parametrize("size", [0, 7, 10**9])
def test_a_wrong_size_of_the_first_picture_is_put_right(size):
    """A wrong size of the primary image must be corrected (corpus: Ultra_HDR_Samples_Originals_01.jpg)."""
    data = changed(several(RIGHT), ENTRIES + 4, size)

    assert cut_out(reencoded(data)) == cut_out(reencoded(several(RIGHT)))


def test_a_wrong_size_of_another_picture_stays_what_it_was():
    """A wrong size of a further image, as Pillow 13 writes it, must stay: readers use the offset."""
    data = changed(several(RIGHT, THIRD), ENTRIES + 2 * 16 + 4, 10**6)

    after = reencoded(data)

    assert pictures(after)[1:] == pictures(several(RIGHT, THIRD))[1:]
    assert check_auxiliary_images(data, after) is None


@pytest.mark.parametrize(("order", "field", "value"), [("<", 0x0003B001, 2), (">", 0xB0010003, 2 << 16)])
def test_the_number_of_pictures_may_be_a_short_one(order, field, value):
    """A number of images of type SHORT must be read in both byte orders."""
    data = changed(several(RIGHT, order=order), ORIGIN + 22, field, order)
    data = changed(data, ORIGIN + 30, value, order)

    after = reencoded(data)

    assert pictures(after)[1:] == pictures(data)[1:]
    assert check_auxiliary_images(data, after) is None


@pytest.mark.parametrize("rest", [b"", bytes(512)])
def test_an_index_of_pictures_that_are_gone_is_left_out(rest):
    """An index without images, as `jpegtran -copy all` leaves it, must be dropped: nothing is left to lose."""
    data = several(RIGHT).removesuffix(RIGHT) + rest

    assert index_of(data) is not None
    assert carried_index(data, "a.jpg") is None
    assert reencoded(data) == primary()
    assert described_auxiliary_images(data) is None


SECOND = ENTRIES + 16

WRONG = {
    "beyond the end": (changed(several(RIGHT), SECOND + 8, 10**6), "it points to no image for number 2"),
    "far beyond": (changed(several(RIGHT), SECOND + 8, 2**32 - 1), "it points to no image for number 2"),
    "one byte off": (several(b"." + RIGHT), "it points to no image for number 2"),
    "in the first": (changed(several(RIGHT), SECOND + 8, 40), "it places picture 2 inside the first"),
    "no offset": (changed(several(RIGHT), SECOND + 8, 0), "it places picture 2 inside the first"),
    "first elsewhere": (changed(several(RIGHT), ENTRIES + 8, 1), "its first picture is not the first in the file"),
    "too few entries": (several(RIGHT, number=3), "its 32 bytes of entries are not those of 3 pictures"),
    "too many entries": (several(RIGHT, number=1), "its 32 bytes of entries are not those of 1 pictures"),
    "no entries": (several(RIGHT, number=0, size=0), "its 0 bytes of entries are not those of 0 pictures"),
    "half an entry": (several(RIGHT, size=40), "its 40 bytes of entries are not those of 2 pictures"),
    "huge": (several(RIGHT, number=2**28 - 1, size=2**32 - 16), "its entries lie outside of it"),
    "other numbers": (several(RIGHT, kind=4), "its 32 bytes of entries are not those of 2 pictures"),
    "entries outside": (several(RIGHT, place=51), "its entries lie outside of it"),
    "entries far outside": (several(RIGHT, place=2**32 - 1), "its entries lie outside of it"),
    "entries on the header": (several(RIGHT, place=0), "its entries overlap its fields"),
    "entries on the fields": (several(RIGHT, place=40), "its entries overlap its fields"),
    "two of them": (with_segment(several(RIGHT), index_of(several(RIGHT))), "the file has 2 indexes"),
    "no directory": (changed(several(RIGHT), ORIGIN + 4, 2**32 - 1), "it is cut short"),
    "endless directory": (changed(several(RIGHT), ORIGIN + 8, 0xFFFF), "it is cut short"),
    "a field twice": (changed(several(RIGHT), ORIGIN + 10, 0x7B001), "its fields are not those of an index"),
    "another field": (changed(several(RIGHT), ORIGIN + 34, 0x7B003), "its fields are not those of an index"),
    "no byte order": (changed(several(RIGHT), ORIGIN, 0), "its byte order is unknown"),
    "nothing in it": (with_segment(LEFT, segment(b"MPF\x00")) + RIGHT, "its byte order is unknown"),
}


@pytest.mark.parametrize(("data", "reason"), WRONG.values(), ids=WRONG)
def test_an_index_that_lies_is_refused(data, reason):
    """An index that contradicts the file must be refused: no reader would find its images any more."""
    with pytest.raises(UnsupportedImage) as refused:
        carried_index(data, "hero.jpg")

    assert str(refused.value) == (
        f"hero.jpg carries an index of further pictures that cannot be corrected ({reason}): "
        f"metadata='orientation+icc' or 'strip' leaves them out"
    )
    assert check_auxiliary_images(data, data) is not None


TWO = several(RIGHT)

LOST = {
    "another picture": (several(THIRD), "the data after the image has changed"),
    "all of it": (primary(), "the data after the image has changed"),
    "the index": (primary() + RIGHT, "only one of the files has an index of further images"),
    "an entry": (
        changed(several(RIGHT, number=1, size=16), ENTRIES, 0x030000),
        "the index lists 1 images instead of 2",
    ),
    "a size": (changed(TWO, SECOND + 4, len(RIGHT) - 1), "the index points to a changed image 2"),
    "a kind": (changed(TWO, SECOND, 0x020002), "the index has changed, or states a wrong size"),
    "the first size": (changed(TWO, ENTRIES + 4, 9), "the index has changed, or states a wrong size"),
    "an offset": (changed(TWO, SECOND + 8, 9), "the new file carries an index of further pictures that cannot"),
}


@pytest.mark.parametrize(("after", "reason"), LOST.values(), ids=LOST)
def test_lost_auxiliary_data_is_reported(after, reason):
    """A loss of auxiliary data must be reported before the only copy is replaced."""
    assert (check_auxiliary_images(TWO, after) or "").startswith(reason)


def test_swapped_entries_are_reported():
    """Swapped entries must be reported even if both images are equal."""
    both = several(RIGHT, RIGHT)
    places = struct.unpack_from("<I", index_of(both), SECOND + 8) + struct.unpack_from(
        "<I", index_of(both), SECOND + 24
    )

    after = changed(changed(both, SECOND + 8, places[1]), SECOND + 24, places[0])

    assert (check_auxiliary_images(both, after) or "").startswith("the index has changed")


damage = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6)


@given(damage=damage, name=st.sampled_from(["little-endian", "big-endian", "three", "film"]))
def test_a_damaged_index_is_refused_or_followed(damage, name):
    """A damaged index must be refused, or lead to the same images as before."""
    data = bytearray(FILES[name])
    start = data.index(index_of(FILES[name]))
    for place, value in damage:
        data[start + 4 + place % (len(index_of(FILES[name])) - 4)] = value
    before = bytes(data)

    try:
        after = reencoded(before)
    except UnsupportedImage:
        assert check_auxiliary_images(before, before) is not None
        return

    assert check_auxiliary_images(before, after) is None
    if carried_index(before, "a.jpg") is not None:
        assert cut_out_by_hand(after) == cut_out_by_hand(before)


def cut_out_by_hand(data):
    """Return the further images without Pillow, which reads some damaged indexes differently."""
    index = carried_index(data, "a.jpg")
    start = data.index(index.segment)
    order = {b"II": "<", b"MM": ">"}[index.segment[ORIGIN : ORIGIN + 2]]
    stated = struct.iter_unpack(order + "IIIHH", index.segment[index.place :][: 16 * index.entries])
    return [data[start + ORIGIN + offset :][:size] for _, size, offset, *_ in list(stated)[1:]]


@given(content=st.binary(max_size=90), order=st.sampled_from([b"II*\x00", b"MM\x00*", b""]))
def test_an_index_of_anything_is_refused_or_followed(content, order):
    """An index of random bytes must be refused or parsed, without another exception."""
    data = with_segment(LEFT, segment(b"MPF\x00" + order + content)) + RIGHT

    try:
        after = reencoded(data)
    except UnsupportedImage:
        return

    assert check_auxiliary_images(data, after) is None


entry = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1) | st.integers(0, 9999)
)


@given(
    order=st.sampled_from("<>"),
    further=st.lists(entry, max_size=4),
    number=st.none() | st.integers(0, 2**32 - 1) | st.integers(0, 5),
    size=st.none() | st.integers(0, 2**32 - 1) | st.sampled_from(range(0, 96, 16)),
    place=st.just(50) | st.integers(0, 2**32 - 1) | st.integers(0, 200),
    kind=st.integers(0, 20),
)
def test_an_index_of_wrong_numbers_is_refused_or_followed(order, further, **wrong):
    """Huge counts and offsets that wrap around must cost neither time nor memory."""
    data = with_segment(LEFT, index_segment(order, [(0x030000, 1, 0), *further], **wrong)) + RIGHT + THIRD

    try:
        after = reencoded(data)
    except UnsupportedImage:
        return

    assert check_auxiliary_images(data, after) is None
    assert cut_out_by_hand(after) == cut_out_by_hand(data)


@given(place=st.integers(0, 10**6), value=st.integers(0, 255), name=st.sampled_from(list(FILES)))
def test_any_wrong_byte_is_reported(place, value, name):
    """A single wrong byte in the index or in the trailing data must be reported."""
    before = FILES[name]
    after = bytearray(reencoded(before))
    start, end = after.index(index_of(bytes(after))), len(after) - len(behind_picture(bytes(after)))
    places = [*range(start, start + len(index_of(before))), *range(end, len(after))]
    place = places[place % len(places)]
    assume(after[place] != value)

    after[place] = value

    assert check_auxiliary_images(before, bytes(after)) is not None


@given(data=st.binary() | st.binary().map(b"\xff\xd8\xff\xe2\x00\x20MPF\x00".__add__))
def test_what_is_no_picture_holds_nothing_to_carry(data):
    """Files that are no image must have nothing to carry, and raise nothing."""
    assert data.startswith(without_auxiliary_images(data)[:2])
    assert carried_index(data, "a.jpg") is None
    assert described_auxiliary_images(data) is None


@given(cut=st.integers(0, 10**6), name=st.sampled_from(list(FILES)))
def test_a_truncated_file_is_reported(cut, name):
    """A file truncated at any byte must be reported, without an exception."""
    after = reencoded(FILES[name])

    assert check_auxiliary_images(FILES[name], after[: cut % len(after)]) is not None


def described(xmp):
    """Return an image with these words in its XMP."""
    return encoded(opened(RIGHT), xmp=xmp)


NAMED = {
    "pair": (several(RIGHT), "a further picture"),
    "burst": (several(RIGHT, THIRD), "2 further pictures"),
    "gain map": (several(described(GAIN_MAP)), "an Ultra HDR gain map"),
    "gain map without index": (LEFT + described(b"<Item:Semantic>GainMap</Item:Semantic>"), "an Ultra HDR gain map"),
    "ISO 21496-1": (
        several(with_segment(RIGHT, segment(b"urn:iso:std:iso:ts:21496:-1\x00" + bytes(20)))),
        "an Ultra HDR gain map",
    ),
    "Apple's": (several(described(b"<HDRGainMap:HDRGainMapVersion>65536")), "an HDR gain map"),
    "depth map": (several(described(b'Item:Semantic="Depth"')), "a depth map"),
    "gain map and film": (
        several(described(GAIN_MAP), film=FILM),
        "an Ultra HDR gain map and a motion photo's film",
    ),
    "gain map and another": (several(described(GAIN_MAP), THIRD), "an Ultra HDR gain map and a further picture"),
    "film": (LEFT + FILM, "a motion photo's film"),
    "preview": (LEFT + bytes(20) + b"p" * 5_103, "5,123 bytes behind its picture (a motion photo's film, perhaps)"),
    "lying index": (
        changed(several(RIGHT), SECOND + 8, 40),
        f"{len(RIGHT):,} bytes behind its picture (a motion photo's film, perhaps)",
    ),
    "gone": (described(GAIN_MAP), None),
}


def words_for(data):
    """Return the words for what a file holds behind its main image, or None; unknown data are called bytes."""
    found = described_auxiliary_images(data)
    assert found is None or found[1] == ("bytes behind" not in found[0])
    return None if found is None else found[0]


@pytest.mark.parametrize(("data", "words"), NAMED.values(), ids=NAMED)
def test_it_is_named(data, words):
    """The kinds of auxiliary data must be named, so that a refusal can say what would be lost."""
    assert words_for(data) == words


CORPUS = (
    ("hostile/multipicture/Ultra_HDR_Samples_Originals_01.jpg", "an Ultra HDR gain map"),
    ("hostile/multipicture/frame_size.mpo", "an HDR gain map"),
    ("hostile/multipicture/ignore_frame_size.mpo", "a further picture"),
    ("hostile/sharp/gain-map.jpg", "an Ultra HDR gain map"),
    ("hostile/libavif/seine_sdr_gainmap_srgb.jpg", "an Ultra HDR gain map"),
)


@pytest.mark.parametrize(("name", "words"), CORPUS)
def test_files_of_cameras_and_editors(corpus, name, words):
    """Auxiliary images of real files must be named and carried over unchanged."""
    data = (corpus / name).read_bytes()
    picture = opened(data)
    first = encoded(picture, quality=60, **{key: picture.info[key] for key in ("exif", "xmp") if key in picture.info})

    after = with_auxiliary_images(first, carried_index(data, name), behind_picture(data))

    assert words_for(data) == words_for(after) == words
    assert check_auxiliary_images(data, after) is None
    assert pictures(after) == [*pictures(first), *pictures(data)[1:]]
    assert cut_out(after) == [after.removesuffix(behind_picture(data)), *cut_out(data)[1:]]
    assert decodes(cut_out(after)[1])


def decodes(data):
    """Return whether the bytes decode as an image; Pillow may warn of a partial index in them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return opened(data).size > (0, 0)
