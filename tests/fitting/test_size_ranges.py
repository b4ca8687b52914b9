"""A least size, ranges of sizes, and sizes that count a file as text."""

from __future__ import annotations

from base64 import b64decode, b64encode
from io import BytesIO

import pytest

import bytefit
from bytefit import ConfigError, SizeSyntaxError
from bytefit.pictures.comparison import shows_the_same
from bytefit.sources.reading import decode
from images import encoded, flat, opened, photograph
from outcomes import OF_PALETTES, each_format, size_at

PHOTO = photograph((96, 64))


def photo_for(wanted):
    """Return a photograph that is fitted fast to a format."""
    return photograph((21, 14)) if wanted in OF_PALETTES else PHOTO


@each_format
def test_a_file_below_the_least_size_is_padded_and_shows_the_same(wanted):
    """A form that wants at least so many bytes must get them, in every format, without another picture."""
    best = bytefit.compress(flat((32, 32)), "1MB", format=wanted, slack=0)

    result = bytefit.compress(flat((32, 32)), f"{best.size + 500}..{best.size + 600}", format=wanted)

    assert best.size + 500 <= result.size <= best.size + 600
    assert result.fits
    assert result.padded == result.size - best.size
    assert shows_the_same(decode(result.data, "padded"), decode(best.data, "best"))


@pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "PNG"])
def test_a_better_rung_comes_before_padding(wanted):
    """However much slack is allowed: padding helps nobody where a better picture has the bytes."""
    photo = photo_for(wanted)
    least, most = (size_at(photo, wanted, share) for share in (0.6, 0.75))

    result = bytefit.compress(photo, f"{least}..{most}", format=wanted, slack=0.9)

    assert least <= result.size <= most
    assert result.padded == 0


@pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "GIF", "AVIF"])
def test_a_range_narrower_than_padding_is_reached_all_the_same(wanted):
    """A file just below such a range cannot be padded into it, so a smaller one has to be chosen."""
    photo = photo_for(wanted)
    size = bytefit.compress(photo, size_at(photo, wanted), format=wanted, slack=0).size // 2 * 2

    for least in range(size + 2, size + 14, 4):
        result = bytefit.compress(photo, f"{least}..{least + 1}", format=wanted)

        assert least <= result.size <= least + 1


def test_a_file_that_has_too_few_bytes_is_padded_in_place_once(tmp_path):
    """Its pixels stay: there is nothing left that a higher quality could show. The second run changes nothing."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(before := encoded(PHOTO, "JPEG", quality=60))

    first = bytefit.compress_file(path, "20KB..50KB")
    second = bytefit.compress_file(path, "20KB..50KB")

    assert (first.after, first.padded, first.result) == (20_000, 20_000 - len(before), None)
    assert shows_the_same(decode(path.read_bytes(), "after"), decode(before, "before"))
    assert not second.changed


def test_save_takes_a_range():
    """Whoever saves with Pillow has the same forms to fill."""
    bytefit.register()
    try:
        PHOTO.save(stream := BytesIO(), "JPEG", target_size="40KB..41KB")
    finally:
        bytefit.unregister()

    assert len(stream.getvalue()) == 40_000


def test_a_format_that_cannot_be_padded_says_how_much_is_missing(monkeypatch):
    """A format of your own may have no padding: then the size that is missing decides what to do."""
    from bytefit.codecs import codec_for_format, register_codec

    codec = codec_for_format("JPEG")
    monkeypatch.setattr("bytefit.codecs._registered", {})
    register_codec(codec._replace(container=codec.container._replace(padding=None)))

    with pytest.raises(ConfigError, match=r"the best JPEG file has \d+ bytes, \d+ too few, and .* cannot be padded"):
        bytefit.compress(flat((8, 8)), "20KB..50KB", format="JPEG")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("50KB..20KB", "range '50KB..20KB' is upside down: write the smaller size first"),
        ("20..50KB", "range '20..50KB' starts without a unit: write one at both ends, as in '20KB..50KB'"),
        ("20KB..", "cannot read size ''"),
        ("20KB..30KB..40KB", "cannot read size '30KB..40KB'"),
    ],
)
def test_a_range_nobody_can_read_is_refused(target, message):
    """A unit that stands at one end only would make the range a thousand times too wide."""
    with pytest.raises(SizeSyntaxError, match=message):
        bytefit.compress(PHOTO, target, format="JPEG")


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("20KB..50KB", {"min_size": 9}, "min_size conflicts with the range '20KB..50KB'"),
        ("20KB..50KB", {"exact": True}, "exact conflicts with min_size, or a range"),
        ("20KB", {"min_size": "30KB"}, "min_size '30KB' is above the target"),
        (4001, {"exact": True, "encoding": "base64"}, "a multiple of four characters; ask for 4000"),
        (4000, {"exact": True, "encoding": "data-uri"}, "23 characters and a multiple of four; ask for 3999"),
        ("5..7", {"encoding": "base64"}, "no base64 text has from 5 to 7 characters"),
    ],
)
def test_sizes_that_contradict_each_other_are_refused(target, options, message):
    """Each is one line that says what to leave out, or which size can be had."""
    with pytest.raises(ConfigError, match=message):
        bytefit.compress(PHOTO, target, format="JPEG", **options)


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("encoding", ["base64", "data-uri"])
def test_text_is_at_most_the_target_and_no_byte_is_given_away(wanted, encoding):
    """An API counts the characters; a file that is as good as it could be has no room for the next rung."""
    before = 0 if encoding == "base64" else len(f"data:image/{wanted.lower()};base64,")
    photo = photo_for(wanted)
    limit = size_at(photo, wanted) * 4 // 3

    result = bytefit.compress(photo, limit, format=wanted, encoding=encoding, slack=0)
    binary = bytefit.compress(photo, (limit - before) // 4 * 3, format=wanted, slack=0)

    assert len(result.encoded) == result.encoded_size <= limit == result.budget
    assert result.data == binary.data
    assert b64decode(result.encoded.partition(",")[2] or result.encoded) == result.data
    assert result.encoded.startswith("data:") == (encoding == "data-uri")
    assert result.fits


@pytest.mark.parametrize(("wanted", "prefix"), [("JPEG", 23), ("WEBP", 23), ("GIF", 22)])
def test_text_has_exactly_the_size_asked_for(wanted, prefix):
    """Padding counts in the text, too."""
    target = prefix + 4 * 2000

    result = bytefit.compress(PHOTO, target, format=wanted, encoding="data-uri", exact=True)

    assert len(result.encoded) == target
    assert len(b64encode(result.data)) == target - prefix
    assert opened(result.data).format == wanted


def test_an_unreachable_size_of_text_is_told_in_characters():
    """The sizes in the message have to be those that the user counts."""
    with pytest.raises(bytefit.BudgetUnreachable, match=r"the image as base64 in 400 B: ") as caught:
        bytefit.compress(PHOTO, 400, format="JPEG", encoding="base64")

    smallest = bytefit.compress(PHOTO, 400, format="JPEG", on_unreachable="smallest")
    assert caught.value.budget == 400
    assert caught.value.smallest == len(b64encode(smallest.data))
    assert bytefit.compress(PHOTO, caught.value.smallest, format="JPEG", encoding="base64").fits


@pytest.mark.parametrize("encoding", ["base64", "data-uri"])
def test_a_file_that_fits_as_text_is_left_alone_in_place(tmp_path, encoding):
    """And one that fits only in bytes is not."""
    path = tmp_path / "photo.png"
    path.write_bytes(data := encoded(photo_for("PNG"), "PNG"))

    left = bytefit.compress_file(path, len(data) * 4 // 3 + 30, encoding=encoding)
    fitted = bytefit.compress_file(path, len(data) + 10, encoding=encoding)

    assert not left.changed
    assert left.before < left.encoded_size <= left.budget
    assert fitted.changed
    assert fitted.after < fitted.encoded_size <= fitted.budget
