"""EXIF: resizing and converting leave every byte alone that did not have to change."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from exif_blocks import EXIF_IFD, HEIGHT, NOTE, ORIENTATION, PREVIEW, TEXT, WIDTH, camera_exif
from images import encoded, opened, photograph
from outcomes import fresh, stored

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description tiff:ImageWidth="800" exif:PixelXDimension="800" dc:title="800">'
    b"<exif:PixelYDimension>600</exif:PixelYDimension></rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_resizing_changes_nothing_but_the_dimensions(wanted, order):
    """Text beyond ASCII, thumbnail and maker note must keep their bytes and places when an image is made smaller."""
    block = camera_exif(order, orientation=6)
    data = encoded(photograph((80, 60)), "JPEG", quality=95, exif=block, xmp=XMP)

    result = bytefit.compress(fresh(data), 40_000, format=wanted, resize=True, max_width=40)

    again = stored(result.data)
    kept = again.info["exif"]
    assert [again.getexif().get_ifd(EXIF_IFD)[tag] for tag in (WIDTH, HEIGHT)] == [result.width, result.height]
    assert result.width <= 40
    shift = len(block) - len(kept)  # some formats store the block without its prefix
    assert shift in {0, 6}
    assert all(kept.find(part) == block.find(part) - shift for part in (TEXT, NOTE, PREVIEW))
    changed = sum(before != after for before, after in zip(block[shift:], kept, strict=True))
    assert changed <= 4 + (wanted == "JPEG2000")  # two dimensions, and an orientation where the pixels are upright


def test_xmp_states_the_new_dimensions_too():
    """XMP repeats the dimensions: those must follow, and a title that happens to be a number must not."""
    data = encoded(photograph((80, 60)), "JPEG", quality=95, xmp=XMP)

    result = bytefit.compress(fresh(data), 40_000, resize=True, max_width=40)

    expected = XMP.replace(b'tiff:ImageWidth="800"', b'tiff:ImageWidth="%d"' % result.width)
    expected = expected.replace(b'exif:PixelXDimension="800"', b'exif:PixelXDimension="%d"' % result.width)
    assert opened(result.data).info["xmp"] == expected.replace(b">600<", b">%d<" % result.height)


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "JPEG2000", "TIFF"])
def test_the_exif_of_a_tiff_goes_to_every_format(tmp_path, wanted):
    """A TIFF keeps EXIF in its tags: other formats must get it as a block, with text beyond ASCII intact."""
    jpeg = encoded(photograph((96, 64)), "JPEG", exif=camera_exif())
    (tmp_path / "a.tif").write_bytes(bytefit.compress(fresh(jpeg), 40_000, format="TIFF").data)

    result = bytefit.compress(tmp_path / "a.tif", 40_000, format=wanted)

    exif = stored(result.data).getexif()
    assert result.data.count(TEXT) == 2
    assert exif[0x013B].encode("latin-1") == TEXT
    assert exif.get_ifd(EXIF_IFD)[0xA430].encode("latin-1") == TEXT
    assert exif.get_ifd(EXIF_IFD)[0x927C] == NOTE


def test_a_tiff_states_the_new_dimensions(tmp_path):
    """The EXIF directory of a TIFF states the dimensions as well: a smaller image must not claim the old ones."""
    jpeg = encoded(photograph((96, 64)), "JPEG", exif=camera_exif())
    (tmp_path / "a.tif").write_bytes(bytefit.compress(fresh(jpeg), 40_000, format="TIFF").data)

    result = bytefit.compress(tmp_path / "a.tif", 40_000, resize=True, max_width=48)

    exif = fresh(result.data).getexif()
    assert [exif.get_ifd(EXIF_IFD)[tag] for tag in (WIDTH, HEIGHT)] == [48, 32]


def test_avif_gives_its_exif_back_as_it_is_stored():
    """Pillow writes the EXIF of an AVIF again where its orientation box says something else: text was lost by that."""
    block = camera_exif()
    turned = bytearray(encoded(photograph((96, 64)), "AVIF", exif=_turned_without_exif()))
    result = bytefit.compress(fresh(encoded(photograph((96, 64)), "JPEG", exif=block)), 40_000, format="AVIF")
    assert fresh(bytes(turned)).getexif()[ORIENTATION] == 6

    again = bytefit.compress(fresh(result.data), 40_000, format="JPEG")

    assert opened(again.data).info["exif"] == block


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # `compress` keeps them from the user
@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("broken", [b"Exif\x00\x00nonsense", b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"])
def test_broken_exif_is_carried_byte_for_byte(wanted, broken):
    """Nobody knows what is in a block that cannot be read: it must not vanish; libavif refuses one that is no TIFF."""
    data = encoded(photograph((96, 64)), "JPEG", exif=broken)

    if wanted == "AVIF" and broken.endswith(b"nonsense"):
        with pytest.raises(bytefit.UnsupportedImage, match=r"metadata='strip' leaves out what the image carries"):
            bytefit.compress(fresh(data), 40_000, format=wanted)
        return
    result = bytefit.compress(fresh(data), 40_000, format=wanted, resize=True, max_width=48)

    assert broken.removeprefix(b"Exif\x00\x00") in result.data


@pytest.mark.parametrize("turn", [3, 6])
def test_jpeg_xl_turns_the_image_and_two_values(turn):
    """JPEG XL stores the image upright: the orientation and swapped dimensions may change in EXIF, and nothing else."""
    pytest.importorskip("pillow_jxl")
    block = camera_exif(orientation=turn)

    result = bytefit.compress(fresh(encoded(photograph((96, 64)), "JPEG", exif=block)), 40_000, format="JXL")

    kept = opened(result.data).info["exif"]
    kept = kept if kept.startswith(b"Exif") else b"Exif\x00\x00" + kept
    assert sum(before != after for before, after in zip(block, kept, strict=True)) <= 5
    assert all(kept.find(part) == block.find(part) for part in (TEXT, NOTE, PREVIEW))


def _turned_without_exif():
    """Return an EXIF block of nothing but an orientation, which Pillow moves into a box of AVIF's own."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return exif
