"""What `compress` takes, and what it refuses before anything is encoded."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

import bytefit
from bytefit import ConfigError, OptionError, SizeSyntaxError, UnsupportedImage
from bytefit.formats import REFUSED_FORMATS
from images import encoded, icc_profile, photograph, write_jpeg


@pytest.mark.parametrize("given", [b"\xff\xd8\xff", BytesIO(), None, 5], ids=["bytes", "file object", "None", "int"])
def test_what_is_neither_picture_nor_path_is_refused(given):
    """The message must say what `compress` takes."""
    with pytest.raises(ConfigError, match="give a PIL image or the path of an image file"):
        bytefit.compress(given, 5000, format="JPEG")


@pytest.mark.parametrize("as_path", [str, lambda path: path], ids=["str", "Path"])
def test_paths_and_images_give_the_same(tmp_path, as_path):
    """A path, as text or as `Path`, must give the same answer as the picture opened from it."""
    path = write_jpeg(tmp_path / "photo.jpg", orientation=6, icc=icc_profile())

    with Image.open(path) as picture:
        from_image = bytefit.compress(picture, 6000)
    from_path = bytefit.compress(as_path(path), 6000)

    assert from_path.data == from_image.data
    assert from_path.format == "JPEG"


def test_the_format_is_what_the_bytes_are(tmp_path):
    """The source's bytes must decide its format, not the suffix."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photograph(), "WEBP"))

    assert bytefit.compress(path, 5000).format == "WEBP"


@pytest.mark.parametrize("wanted", ["jpeg", "JPG", "Jpeg"])
def test_formats_are_named_in_any_case(wanted):
    """Formats must be known in any case and by alias; the result has Pillow's name."""
    assert bytefit.compress(photograph((64, 48)), 5000, format=wanted).format == "JPEG"


def test_a_picture_without_a_format_needs_one():
    """A picture that was never a file has no format: the message must say how to give one."""
    with pytest.raises(ConfigError, match="format='JPEG'"):
        bytefit.compress(photograph((64, 48)), 5000)


@pytest.mark.parametrize("wanted", [*"nonsense", "PCX"])
def test_formats_that_cannot_be_steered_are_refused(wanted):
    """A format without a codec must be refused with the reason, and with the formats that have one."""
    reason = REFUSED_FORMATS.get(wanted, "bytefit has no ladder for it (bytefit.register_codec takes one)")

    with pytest.raises(UnsupportedImage) as caught:
        bytefit.compress(photograph((64, 48)), 5000, format=wanted)

    start = f"{wanted.upper()} cannot be fitted to a size: {reason}; convert it to one of JPEG, "
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"quality": 80}, OptionError, "cannot set 'quality' with a target size"),
        ({"min_qualty": 60}, OptionError, "did you mean 'min_quality'"),
        ({"slak": 0.1}, OptionError, "did you mean 'slack'"),
        ({"nonsense_option": 1}, OptionError, "unknown option 'nonsense_option'"),
        ({"save_all": True}, OptionError, "unknown option 'save_all'"),
        ({"slack": -0.01}, ConfigError, "slack -0.01"),
        ({"slack": 1}, ConfigError, "slack 1 is not a share of the budget: give a number from 0 to less than 1"),
        ({"slack": 5}, ConfigError, "slack 5"),
        ({"slack": float("nan")}, ConfigError, "slack nan"),
        ({"slack": "5%"}, ConfigError, "slack '5%'"),
        ({"slack": None}, ConfigError, "slack None"),
        ({"min_quality": 101}, ConfigError, "min_quality 101"),
        ({"min_quality": "high"}, ConfigError, "min_quality 'high'"),
        ({"min_scor": 60}, OptionError, "did you mean 'min_score'"),
        ({"efort": "best"}, OptionError, "did you mean 'effort'"),
        ({"max_widht": 60}, OptionError, "did you mean 'max_width'"),
        ({"losless": True}, OptionError, "did you mean 'lossless'"),
        ({"drop_extra": True}, OptionError, "did you mean 'drop_extras'"),
        ({"scans": "mozjpeg"}, OptionError, "unknown option 'scans'"),
        ({"effort": "slow"}, ConfigError, "unknown effort 'slow': use one of 'fast', 'normal', 'best'"),
        ({"min_score": 100}, ConfigError, "min_score 100 is not on the scale of SSIMULACRA2: give a number below 100"),
        ({"min_score": "good"}, ConfigError, "min_score 'good'"),
        ({"min_width": 0, "resize": True}, ConfigError, "min_width 0 is not a width in pixels: give a whole number"),
        ({"max_width": 99.5, "resize": True}, ConfigError, "max_width 99.5 is not a width in pixels"),
        ({"min_width": 10}, ConfigError, "min_width needs resize=True"),
        ({"max_width": 10}, ConfigError, "max_width needs resize=True"),
        ({"min_width": 9, "max_width": 8, "resize": True}, ConfigError, "min_width 9 is above max_width 8"),
        ({"metadata": "all"}, ConfigError, "metadata 'all' is not a metadata policy: give 'keep', "),
        ({"on_unreachable": "ignore"}, ConfigError, "unknown on_unreachable 'ignore': use one of 'error', 'smallest'"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options, error, message):
    """A wrong option must be an error that says what was found and what is accepted."""
    with pytest.raises(error) as caught:
        bytefit.compress(photograph((64, 48)), 5000, format="JPEG", **options)

    assert message in str(caught.value)


@pytest.mark.parametrize("target", ["0", "-5KB", "200KO", "", 0, 1.5, None])
def test_targets_that_are_no_size_are_refused(target):
    """What is no size must be refused by the parser of sizes."""
    with pytest.raises(SizeSyntaxError):
        bytefit.compress(photograph((64, 48)), target, format="JPEG")
