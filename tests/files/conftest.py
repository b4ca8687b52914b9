"""A file over its target, which the tests of `compress_file` fit."""

from __future__ import annotations

import pytest

from folders import TARGET
from images import XMP, icc_profile, noise, write_jpeg


@pytest.fixture
def photo(tmp_path):
    """Return a JPEG file well over the target."""
    path = write_jpeg(tmp_path / "photo.jpg", noise(), orientation=6, icc=icc_profile(), xmp=XMP)
    assert path.stat().st_size > 3 * TARGET
    return path
