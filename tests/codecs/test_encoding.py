"""Writers: whatever they raise about an image comes out as one error of our own."""

from __future__ import annotations

import struct

import pytest

from bytefit.codecs.encoding import refusals
from bytefit.errors import UnsupportedImage

RAISED = (
    OSError,
    ValueError,
    SyntaxError,
    OverflowError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    RuntimeError,
)


@pytest.mark.parametrize("error", [*RAISED, struct.error])
def test_errors_of_writers_are_refusals(error):
    """The reason of the writer must stay in the message, and the error as its cause."""
    with (
        pytest.raises(UnsupportedImage, match=r"Pillow cannot encode this picture as PNG: .*its reason") as raised,
        refusals("PNG"),
    ):
        raise error("its reason")

    assert isinstance(raised.value.__cause__, error)


def test_our_own_refusal_stays_as_it_is():
    """A reason that a codec gives itself must not be wrapped in another one."""
    reason = UnsupportedImage("its own reason")

    with pytest.raises(UnsupportedImage) as raised, refusals("PNG"):
        raise reason

    assert raised.value is reason
