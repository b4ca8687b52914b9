"""The last check before an original is replaced."""

from __future__ import annotations

import pytest

import bytefit
from animations import moving
from bytefit import BytefitError, UnsupportedImage
from bytefit.files.compress_file import verify
from folders import TARGET
from images import photograph


@pytest.mark.parametrize("changes", [{"frames": 2}, {"frames": 1}])
def test_an_animation_that_is_not_what_was_encoded_is_not_written(tmp_path, changes):
    """A frame more or less is as bad as a pixel."""
    path = tmp_path / "moving.webp"
    path.write_bytes(moving("WEBP"))
    result = bytefit.compress(path, 20_000)

    verify(result)
    with pytest.raises(UnsupportedImage, match="returned 3 of WEBP 48x32 instead of"):
        verify(result._replace(**changes))


@pytest.mark.parametrize("changes", [{"width": 5}, {"height": 5}, {"format": "WEBP"}])
def test_a_result_that_is_not_what_was_encoded_is_not_written(changes):
    """The last check before an original is given up."""
    result = bytefit.compress(photograph(), TARGET, format="JPEG")

    verify(result)
    with pytest.raises(UnsupportedImage, match="nothing was written"):
        verify(result._replace(**changes))


def test_a_result_that_cannot_be_decoded_is_not_written():
    """Nor is half a picture."""
    result = bytefit.compress(photograph(), TARGET, format="JPEG")

    with pytest.raises(BytefitError):
        verify(result._replace(data=result.data[:-500]))
