"""Threads: a compression leaves the state of the process alone, and does not disturb another one."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin

import bytefit
from bytefit import UnsupportedImage
from images import encoded, noise, opened, photograph

THREADS = 16
BROKEN_EXIF = b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"


@pytest.fixture(autouse=True)
def eager_switches():
    """Let the interpreter change threads every 10 microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def state():
    """Return what belongs to the whole process and what Pillow or Python lets a library change there."""
    return (
        (ImageFile.MAXBLOCK, ImageFile.SAFEBLOCK, ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS),
        (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY, ImageFile._save, JpegImagePlugin._save),
        (id(warnings.filters), tuple(warnings.filters), warnings.showwarning, warnings.warn),
        (sys.stdout, sys.stderr),
    )


def states_during(work):
    """Run `work` in `THREADS` threads while another one watches; return the states it saw, and the results."""
    seen, done = {state()}, Event()

    def watch():
        while not done.is_set():
            seen.add(state())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            results = list(pool.map(work, range(THREADS)))
    finally:
        done.set()
        watcher.join()
    return seen | {state()}, results


def test_noise_at_the_top_rung_leaves_the_process_alone_in_sixteen_threads():
    """The buffer for noise was made by changing `ImageFile.MAXBLOCK`, and warnings were ignored, for all threads."""
    picture = noise((160, 120))
    alone = bytefit.compress(picture, 10_000_000, format="JPEG", min_quality=100)

    seen, results = states_during(
        lambda _: bytefit.compress(noise((160, 120)), 10_000_000, format="JPEG", min_quality=100)
    )

    assert alone.quality == 100
    assert alone.size > 2 * 160 * 120  # Pillow's own buffer would be too small
    assert {result.data for result in results} == {alone.data}
    assert len(seen) == 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
def test_files_that_pillow_warns_of_leave_the_filters_alone(tmp_path):
    """Pillow's warnings about odd files were silenced with filters that all threads share."""
    path = tmp_path / "broken.webp"
    path.write_bytes(encoded(noise((96, 64)), "WEBP", quality=95, exif=BROKEN_EXIF))

    seen, results = states_during(lambda _: bytefit.compress(path, 1500, metadata="strip"))

    assert all(result.fits for result in results)
    assert len({result.data for result in results}) == 1
    assert len(seen) == 1


def test_threads_may_share_an_image():
    """Pillow keeps the options of a save on the image: threads would encode with the options of one another."""
    picture = photograph((24, 16))
    orders = [(codec, budget) for codec in ("JPEG", "WEBP", "PNG", "GIF") for budget in (600, 700, 800, 900)]
    alone = [bytefit.compress(picture, budget, format=codec).data for codec, budget in orders]
    before = dict(picture.__dict__)

    seen, results = states_during(lambda place: bytefit.compress(picture, orders[place][1], format=orders[place][0]))

    assert [result.data for result in results] == alone
    assert picture.__dict__ == before
    assert len(seen) == 1


def test_threads_that_share_an_image_all_turn_it():
    """Pillow marks EXIF as read before it reads it: a second thread found no orientation and left the image lying."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for _ in range(10):
        picture = opened(encoded(photograph((96, 64)), exif=exif))

        _, results = states_during(lambda _, picture=picture: bytefit.compress(picture, 2000, metadata="strip"))

        assert {(result.width, result.height) for result in results} == {(64, 96)}


def test_options_left_on_an_image_do_not_replace_those_of_a_rung():
    """Pillow prefers the options in `encoderinfo` to those of a call: every rung would have the same quality."""
    picture = photograph((96, 64))
    expected = bytefit.compress(picture, 2000, format="WEBP").data
    picture.encoderinfo = {"quality": 100}

    assert bytefit.compress(picture, 2000, format="WEBP").data == expected
    assert picture.encoderinfo == {"quality": 100}


@pytest.mark.parametrize("policy", ["keep", "strip"])
def test_a_process_with_strict_warnings_gets_an_error_of_ours(tmp_path, policy):
    """With `-W error` a warning of Pillow is an exception in the middle of a compression; it must be a BytefitError."""
    path = tmp_path / "broken.jpg"
    path.write_bytes(encoded(noise((96, 64)), quality=95, exif=BROKEN_EXIF))

    with pytest.raises(UnsupportedImage, match=r"Corrupt EXIF.*a warning of Pillow, which this process turns into"):
        bytefit.compress(path, 1500, metadata=policy)
