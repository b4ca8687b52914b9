"""Parametrised marks: a test for each codec, or for each of a kind."""

from __future__ import annotations

import pytest

from bytefit.codecs import CODECS, LEARNED
from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)


each_learned = pytest.mark.parametrize("codec", LEARNED, ids=lambda codec: codec.format)


each_content = pytest.mark.parametrize("content", [PHOTOGRAPH, GRAPHIC])
