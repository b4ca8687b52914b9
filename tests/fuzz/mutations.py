"""Damage to files: at random, and where a format keeps its lengths, counts and dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .layouts import parts_of, with_checksums

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

# Beyond this a file is damaged no further: some mutations double it.
_MOST_BYTES = 1_000_000


def mutated(random: Random, data: bytes, other: Callable[[], bytes]) -> bytes:
    """Return a file damaged in a few ways; sometimes it stays whole.

    Args:
        random: decides.
        data: the file.
        other: returns another file, to be spliced with this one.
    """
    count = random.choices((0, 1, 2, 3, 8), (20, 45, 20, 10, 5))[0]
    for _ in range(count):
        if not data or len(data) > _MOST_BYTES:
            break
        if random.random() < 0.6:
            data = random.choice((_number, _number, _number, _left_out, _repeated, _swapped))(random, data)
        elif random.random() < 0.1:
            data = _spliced(random, data, other())
        else:
            data = random.choice((_bit, _bit, _byte, _byte, _inserted, _deleted, _cut, _blanked))(random, data)
    if data[:4] == b"\x89PNG" and random.random() < 0.85:
        data = with_checksums(data)
    return data


def _number(random: Random, data: bytes) -> bytes:
    """Return a file with another value in one of the numbers of its structure."""
    numbers, _ = parts_of(data)
    if not numbers:
        return _byte(random, data)
    offset, width, order = random.choice(numbers)
    most = (1 << 8 * width) - 1
    old = int.from_bytes(data[offset : offset + width], order)
    values = (0, 1, 2, most, most // 2, most // 2 + 1, old + 1, old - 1, old * 2, old // 2, 256, 65535, 20000)
    new = random.choice((*values, random.randrange(9), random.randrange(300), random.randrange(most + 1)))
    return data[:offset] + (new & most).to_bytes(width, order) + data[offset + width :]


def _left_out(random: Random, data: bytes) -> bytes:
    _, blocks = parts_of(data)
    if not blocks:
        return _deleted(random, data)
    start, end = random.choice(blocks)
    return data[:start] + data[end:]


def _repeated(random: Random, data: bytes) -> bytes:
    _, blocks = parts_of(data)
    if not blocks:
        return _inserted(random, data)
    start, end = random.choice(blocks)
    place = random.choice(blocks).start
    return data[:place] + data[start:end] * random.choice((1, 1, 1, 2, 9)) + data[place:]


def _swapped(random: Random, data: bytes) -> bytes:
    _, blocks = parts_of(data)
    if len(blocks) < 2:
        return _bit(random, data)
    (start, end), (later, last) = sorted(random.sample(blocks, 2))
    if later < end:
        return data[:start] + data[end:]
    return data[:start] + data[later:last] + data[end:later] + data[start:end] + data[last:]


def _bit(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + bytes((data[place] ^ 1 << random.randrange(8),)) + data[place + 1 :]


def _byte(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data)) if random.random() < 0.5 else random.randrange(min(len(data), 400))
    return data[:place] + bytes((random.choice((0, 1, 127, 128, 255, random.randrange(256))),)) + data[place + 1 :]


def _inserted(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.randbytes(random.choice((1, 1, 2, 4, 30))) + data[place:]


def _deleted(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + data[place + random.choice((1, 1, 2, 4, 30)) :]


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def _blanked(random: Random, data: bytes) -> bytes:
    place, length = random.randrange(len(data)), random.choice((2, 8, 64))
    return data[:place] + random.choice((b"\x00", b"\xff")) * len(data[place : place + length]) + data[place + length :]


def _spliced(random: Random, data: bytes, other: bytes) -> bytes:
    """Return the start of one file with the end of another one, or one behind the other."""
    if random.random() < 0.3:
        return data + other
    return data[: random.randrange(len(data))] + other[random.randrange(len(other) or 1) :]
