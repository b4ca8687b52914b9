"""Pipes and standard streams in `compress_file`: their size is that of the bytes read, and nothing replaces them."""

from __future__ import annotations

import os
import threading

import pytest

from bytefit.errors import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.files import compress_file as module
from bytefit.files.compress_file import compress_file
from folders import snapshot
from images import encoded, noise, opened, write_jpeg

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")

DATA = encoded(noise(), quality=95)


@pytest.fixture
def pipe(tmp_path):
    """Return a named pipe that an image is written to as soon as somebody reads it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(DATA,), daemon=True).start()
    return path


def test_a_pipe_has_the_size_of_what_comes_out_of_it(tmp_path, pipe):
    """A pipe has size 0 for the system, so that once it fitted every budget."""
    output = tmp_path / "small.jpg"

    outcome = compress_file(pipe, 4000, output=output)

    assert outcome.before == len(DATA)
    assert outcome.after == output.stat().st_size <= 4000
    assert opened(output.read_bytes()).size == noise().size


def test_a_pipe_that_fits_is_written_as_it_is(tmp_path, pipe):
    """Nothing has to be encoded for a file that fits in its own format."""
    output = tmp_path / "same.jpg"

    outcome = compress_file(pipe, "1MB", output=output)

    assert output.read_bytes() == DATA
    assert (outcome.before, outcome.after, outcome.result) == (len(DATA), len(DATA), None)


def test_another_format_comes_out_of_a_pipe(tmp_path, pipe):
    """The suffix of the output counts; a pipe has none that could."""
    compress_file(pipe, 4000, output=tmp_path / "small.webp")

    assert opened((tmp_path / "small.webp").read_bytes()).format == "WEBP"


def test_a_pipe_is_not_replaced(tmp_path, pipe):
    """In place there is nothing to replace, so it is refused before anything is read."""
    with pytest.raises(ConfigError, match="pipe is no file that could be replaced: give an output"):
        compress_file(pipe, 4000)

    assert pipe.is_fifo()
    assert pipe.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_is_written_directly(tmp_path):
    """A new file with the name of a pipe would reach nobody who reads the pipe."""
    path = tmp_path / "out"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()

    outcome = compress_file(write_jpeg(tmp_path / "photo.jpg", noise()), 4000, output=path)

    reader.join(timeout=30)
    assert path.is_fifo()
    assert len(got[0]) == outcome.after <= 4000
    assert opened(got[0]).format == "JPEG"


def test_nothing_comes_out_where_nothing_fits(tmp_path, capfdbinary):
    """Half an image on standard output would be taken for a whole one."""
    path = write_jpeg(tmp_path / "photo.jpg", noise())

    with pytest.raises(BudgetUnreachable):
        compress_file(path, 100, output="-")

    assert capfdbinary.readouterr().out == b""


def test_standard_output_holds_the_image(tmp_path, capfdbinary):
    """The format is that of the image, unless another one is named."""
    path = write_jpeg(tmp_path / "photo.jpg", noise())

    for codec_format in (None, "WEBP"):
        compress_file(path, 4000, output="-", format=codec_format)

        assert opened(capfdbinary.readouterr().out).format == (codec_format or "JPEG")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_image(tmp_path, path):
    """A device may have no end: nothing of it is read."""
    with pytest.raises(UnsupportedImage, match="is a device, not an image file"):
        compress_file(path, 4000, output=tmp_path / "out.jpg")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_grows_while_it_is_read_is_left_alone(tmp_path, monkeypatch):
    """The image is not whole yet: another program still writes it."""
    path = write_jpeg(tmp_path / "photo.jpg", noise())
    read = module.read_source

    def read_while_it_grows(*arguments, **options):
        with path.open("ab") as file:
            file.write(b"more")
        return read(*arguments, **options)

    monkeypatch.setattr(module, "read_source", read_while_it_grows)

    with pytest.raises(UnsupportedImage, match="changed by another program"):
        compress_file(path, 4000)

    assert path.read_bytes().endswith(b"more")


def test_an_empty_file_fits(tmp_path):
    """A file of no bytes is read for its size, and is within every budget."""
    path = tmp_path / "empty.jpg"
    path.touch()
    before = snapshot(tmp_path)

    outcome = compress_file(path, 4000)

    assert (outcome.before, outcome.changed, outcome.fits) == (0, False, True)
    assert snapshot(tmp_path) == before
