"""The fixer recompresses files over budget, skips others unchanged, and prints one line for each."""

from __future__ import annotations

import os
import re
import shutil
import stat
import threading
from pathlib import Path

import pytest
from PIL import Image

import bytefit
from bytefit.budgets.audit import audit
from bytefit.budgets.configuration import load_configuration
from bytefit.budgets.fixing import fix
from bytefit.budgets.selection import Selection
from bytefit.cli.main import main
from bytefit.codecs.jpeg.multi_picture import check_auxiliary_images
from bytefit.sizes import parse_size
from images import animation, encoded, flat, graphic, noise, opened, photograph, screenshot, write_jpeg
from repositories import Repository

BUDGET = 4000
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345678\n" % (b"4d7a2146" * 8)
FORMATS = ("JPEG", "WEBP", "AVIF", "PNG", "JPEG2000")

# Over the budget, and of few colours: other formats are tried on it.
GREY_BMP = encoded(noise((72, 60), "L"), "BMP")

# The line of every file that was encoded again.
TOLD = re.compile(
    r"(?P<what>would fix|fixed|shrunk) (?P<path>.+): (?P<before>[\d.]+ k?B) -> (?P<after>[\d.]+ k?B)"
    r"(?:, still over its budget of [\d.]+ k?B)? "
    r"\((?P<format>[A-Z0-9]+) quality (?P<quality>[\d.]+)(?: at (?P<width>\d+)x(?P<height>\d+))?, "
    r"(?P<trials>\d+) trials?, (?P<seconds>\d+\.\d\d) s\)"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Run in an empty folder, and return it."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys):
    """Return a function that runs `bytefit fix` and returns its exit code and its lines."""

    def run(*arguments, command="fix", budget=BUDGET):
        limit = [] if budget is None else ["--max-size", str(budget)]
        try:
            code = main([command, *map(str, arguments), *limit])
        except SystemExit as ended:
            code = ended.code
        captured = capsys.readouterr()
        assert captured.err == ""
        return code, captured.out.splitlines()

    return run


@pytest.fixture
def left_alone(run, folder):
    """Return a function that runs `fix` twice on a file, which it must skip, and returns the reason."""

    def left_alone(path, *arguments, **options):
        before = snapshot(folder)
        code, lines = run(path, *arguments, **options)
        again = run(path, *arguments, **options)
        assert snapshot(folder) == before
        assert (code, lines) == again
        assert (code, len(lines)) == (1, 1)
        start = re.match(rf"skipped \([\d.]+ k?M?B\): {re.escape(str(path))}: ", lines[0])
        assert start, lines[0]
        return lines[0][start.end() :]

    return left_alone


def snapshot(folder):
    """Return everything in a folder: names, bytes, modes, times and link targets."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".git" not in path.parts:
            status = path.lstat()
            content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[path] = (content, status.st_mode, status.st_mtime_ns)
    return found


def write(path, data):
    """Write a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def of_real_kind(name, codec_format="JPEG", size=(400, 300), quality=90, **options):
    """Write an image that resembles a photograph to the working directory, and return its path; a PNG is grey."""
    options |= {"quality": quality} if codec_format in {"JPEG", "WEBP", "AVIF"} else {}
    return write(
        Path(name), encoded(photograph(size, "L" if codec_format == "PNG" else "RGB"), codec_format, **options)
    )


def measured(text):
    """Return the bytes that a size in a message stands for, and half a unit of its last digit."""
    number, unit = text.split()
    digits = len(number.partition(".")[2])
    return parse_size(text), parse_size(f"1 {unit}") / 10**digits / 2 + 1


def is_about(text, size):
    """Return whether a size in a message is `size`, rounded."""
    count, error = measured(text)
    return abs(count - size) <= error


# Files that are left alone.


def test_a_pointer_is_left_alone(left_alone):
    """A pointer counts with the size it states, and must not be rewritten: it is not the image."""
    reason = left_alone(write(Path("photo.jpg"), POINTER))

    assert reason == "it is a Git LFS pointer to 12.3 MB: fetch it with 'git lfs pull'"


def test_a_pointer_within_the_budget_is_none_of_its_business(run, folder):
    """A pointer that states a size within the budget must not be reported."""
    write(folder / "photo.jpg", POINTER)
    before = snapshot(folder)

    assert run("photo.jpg", budget="13MB") == (0, [])
    assert snapshot(folder) == before


def test_what_cannot_be_reached_is_left_alone_and_told_a_scale_that_works(left_alone, run):
    """The reason names a scale, and resizing to it must fit."""
    path = of_real_kind("photo.jpg")

    reason = left_alone(path, "--min-quality", "80")

    said = re.search(r"allow resize \((\d+)x(\d+), scale (0\.\d+), fits\)", reason)
    width, height = int(said[1]), int(said[2])
    assert abs(width / 400 - float(said[3])) < 0.01
    with opened(path.read_bytes()) as picture:
        small = picture.resize((width, height))
    assert bytefit.compress(small, BUDGET, format="JPEG", min_quality=80).fits
    assert run(path, "--min-quality", "80", "--resize")[1][0].startswith("fixed ")
    assert path.stat().st_size <= BUDGET


def test_what_cannot_be_reached_is_told_a_budget_that_works(left_alone, run):
    """The reason names the smallest size, and that budget must be reachable."""
    path = of_real_kind("photo.jpg")

    reason = left_alone(path, "--min-quality", "80")

    smallest = re.search(r"its smallest encoding at 400x300 is ([\d.]+ k?B) .*raise the budget", reason)[1]
    budget = int(sum(measured(smallest)))
    code, lines = run(path, "--min-quality", "80", budget=budget)
    assert (code, lines[0].split()[0]) == (1, "fixed")
    assert is_about(smallest, path.stat().st_size)


def test_what_cannot_be_reached_is_told_that_the_floor_could_be_lower(left_alone, run):
    """If a quality floor prevents the fix, the reason must say so."""
    path = of_real_kind("photo.jpg")

    reason = left_alone(path, "--min-quality", "80")

    assert "the floor is 80" in reason
    assert "lower the quality floor" in reason
    assert run(path)[1][0].startswith("fixed ")


@pytest.mark.parametrize(
    ("picture", "codec_format", "budget", "options"),
    [
        (photograph((200, 150)), "JPEG", 3_000, ["--min-quality", "60"]),
        (flat((800, 600)), "JPEG", 2_000, []),
        (photograph((144, 96), "L"), "PNG", 600, []),
        (screenshot((400, 300)), "WEBP", 2_000, []),
        (graphic((64, 48)), "TIFF", 1_500, []),
        (screenshot((200, 150)), "BMP", 2_500, []),
    ],
    ids=["floor", "smallest JPEG", "PNG", "WebP", "TIFF with alpha", "BMP"],
)
def test_another_format_is_told_with_the_size_it_was_seen_to_have(left_alone, picture, codec_format, budget, options):
    """The reason names a measured size: encoding in that format must reproduce it."""
    quality = {"quality": 90} if codec_format in {"JPEG", "WEBP"} else {}
    path = write(Path("picture.img"), encoded(picture, codec_format, **quality))

    reason = left_alone(path, *options, budget=budget)

    wanted, quality, size = re.search(r"as ([A-Z]+) at quality ([\d.]+) it has ([\d.]+ k?B)$", reason).groups()
    floors = {"min_quality": 60} if options else {}
    result = bytefit.compress(path, budget, format=wanted, **floors)
    assert wanted != codec_format
    assert f"{result.quality:g}" == quality
    assert result.size <= budget
    assert is_about(size, result.size)


def test_no_format_is_told_where_none_fits(left_alone):
    """The reason must not suggest a format that does not fit either."""
    reason = left_alone(of_real_kind("photo.jpg"), budget=60)

    assert "cannot fit" in reason
    assert not re.search(r" as (WEBP|AVIF)", reason)


def test_a_bmp_is_never_converted(left_alone):
    """Other files refer to the BMP, so it stays; the reason names a format that would fit."""
    reason = left_alone(write(Path("art/graphic.bmp"), GREY_BMP))

    assert reason.startswith("BMP cannot be fitted to a size: it is not compressed, so its size is that of its pixels;")
    assert re.search(r"as WEBP at quality [\d.]+ it has [\d.]+ kB$", reason)


def test_a_lossless_picture_is_told_its_size_in_another_format_once(left_alone):
    """The reason must name another format once, and a sufficient budget."""
    reason = left_alone(write(Path("photo.png"), encoded(photograph((144, 96), "L"), "PNG")), budget=600)

    assert len(re.findall(r"as [A-Z]+ at quality", reason)) == 1
    assert re.search(r"raise the budget \(\d+ kB would do\); as WEBP at quality [\d.]+ it has [\d.]+ k?B$", reason)


@pytest.mark.parametrize("limits", [("max-width",), ("max-height",), ("max-width", "max-height")], ids=" and ".join)
@pytest.mark.parametrize("budget", ["1MB", "4kB"])
def test_what_is_too_wide_is_left_alone_unless_it_may_be_resized(left_alone, folder, limits, budget):
    """A file must not be resized unless the configuration allows it."""
    (folder / ".bytefit.toml").write_text("".join(f"{limit} = 200\n" for limit in limits) + f'max-size = "{budget}"\n')

    reason = left_alone(of_real_kind("photo.jpg"), budget=None)

    assert "400x300 pixels exceed" in reason
    assert reason.endswith(f"set resize = true, or raise {' and '.join(sorted(limits))}")


BROKEN = {
    "truncated": encoded(noise())[:-4000],
    "animation far too large": animation("WEBP", (96, 64)),
    "not what it starts as": b"\xff\xd8\xff" + bytes(range(256)) * 40,
    "TIFF": encoded(noise((24, 18)), "TIFF"),
    "BMP": encoded(noise((24, 18)), "BMP"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_read_whole_is_left_alone(left_alone, folder, kind):
    """A corrupt or unsupported file must stay as it is, with a reason."""
    path = write(folder / "picture.jpg", BROKEN[kind])

    reason = left_alone(path.relative_to(folder), budget=300)

    assert len(reason) > 10


def partially_staged(repository):
    """Return the path of an image with three versions: committed, staged and in the work tree."""
    path = repository.write("art/photo.jpg", encoded(noise(), quality=95))
    repository.commit()
    write(path, encoded(noise(seed=2), quality=95))
    repository.git("add", "--all")
    return write(path, encoded(noise(seed=3), quality=95))


def test_a_partially_staged_file_is_left_alone(left_alone, folder, run):
    """The commit would not contain the fixed file, so it is skipped until it is staged whole."""
    repository = Repository(folder)
    path = partially_staged(repository).relative_to(folder)

    reason = left_alone(path)
    staged_only = left_alone(path, "--staged")

    assert reason == staged_only == "it is partially staged: 'git add' the whole image first"
    repository.git("add", "art/photo.jpg")
    assert run(path)[1][0].startswith("fixed ")


def test_a_partially_staged_file_does_not_stop_the_others(folder, run):
    """One partially staged file must not prevent the fix of another file."""
    repository = Repository(folder)
    partial = partially_staged(repository)
    whole = repository.write("art/whole.jpg", encoded(noise(), quality=95))
    repository.git("add", "art/whole.jpg")
    before = partial.read_bytes()

    code, lines = run(".")

    assert code == 1
    assert [line.split()[0] for line in lines[:2]] == ["skipped", "fixed"]
    assert partial.read_bytes() == before
    assert whole.stat().st_size <= BUDGET


def test_a_partially_staged_file_is_noticed_from_inside_a_folder(folder, monkeypatch, run):
    """Git's names are relative to the top: a fix in a subfolder must match them."""
    partial = partially_staged(Repository(folder))
    monkeypatch.chdir(partial.parent)
    before = partial.read_bytes()

    code, lines = run("photo.jpg")

    assert (code, len(lines)) == (1, 1)
    assert "'git add' the whole image first" in lines[0]
    assert partial.read_bytes() == before


def test_the_index_is_never_touched(folder, run):
    """A fix must not stage anything: a person reviews and stages the result."""
    repository = Repository(folder)
    repository.write("photo.jpg", encoded(noise(), quality=95))
    repository.git("add", "--all")
    before = repository.git("ls-files", "--stage")

    code, lines = run("--staged")

    assert code == 1
    assert lines[0].startswith("fixed photo.jpg: ")
    assert re.fullmatch(r"1 rewritten, [\d.]+ kB saved: review them, 'git add' them whole, and commit again", lines[1])
    assert repository.git("ls-files", "--stage") == before
    assert repository.git("status", "--porcelain").startswith("AM ")


def found(**given):
    """Return the audit of the working directory."""
    return audit(Selection(), load_configuration(str(Path.cwd()), given={"max-size": BUDGET, **given}))


def test_a_file_that_another_process_fixed_meanwhile_is_left_alone(folder):
    """A file that fits by the time of its fix must not be compressed again."""
    path = write(folder / "photo.jpg", encoded(noise()))
    findings = found()
    write(path, encoded(photograph((48, 32))))
    before = snapshot(folder)

    (one,) = fix(findings, {})

    assert one.outcome is None
    assert one.reason.endswith("and fits now: another process has fixed it")
    assert snapshot(folder) == before


def test_a_file_that_is_gone_meanwhile_does_not_stop_the_others(folder):
    """A deleted file is reported and not created again, and the others are fixed."""
    gone, other = write(folder / "a.jpg", encoded(noise())), write(folder / "b.jpg", encoded(noise()))
    findings = found()
    gone.unlink()

    first, second = fix(findings, {})

    assert (first.outcome, first.reason) == (None, "no such file or directory")
    assert not gone.exists()
    assert second.rewritten
    assert other.stat().st_size <= BUDGET


def test_a_file_that_somebody_is_writing_to_is_left_alone(folder):
    """A fix must not overwrite a file that changed while it was compressed."""
    # Other threads run while WebP encodes, so the file can change meanwhile.
    path = write(folder / "photo.webp", encoded(photograph((600, 400)), "WEBP", quality=95))
    data = path.read_bytes()
    findings = found()
    written, done = threading.Event(), threading.Event()

    def touch():
        moment = 10**18
        while not done.is_set():
            moment += 1_000_000_000
            os.utime(path, ns=(moment, moment))
            written.set()

    somebody = threading.Thread(target=touch)
    somebody.start()
    written.wait()
    try:
        (one,) = fix(findings, {})
    finally:
        done.set()
        somebody.join()

    assert one.outcome is None
    assert one.reason == "it was changed by another program meanwhile; it was left alone"
    assert path.read_bytes() == data
    assert list(folder.iterdir()) == [path]


def test_what_the_baseline_knows_is_left_alone(folder, run):
    """A file in the baseline is fixed only after it has grown."""
    path = write(folder / "photo.jpg", encoded(noise(), quality=80))
    assert run("--write-baseline", command="check")[0] == 0
    before = snapshot(folder)

    known = run()
    unchanged = snapshot(folder) == before
    write(path, encoded(noise(), quality=95))
    grown = run()

    assert (known, unchanged) == ((0, []), True)
    assert (grown[0], grown[1][0].split()[0]) == (1, "fixed")


# Files that are repaired.


@pytest.mark.parametrize("codec_format", FORMATS)
def test_a_line_names_everything_that_was_done(run, codec_format):
    """A line has the file, both sizes, the setting, the trials and the time, and they must be true."""
    path = of_real_kind("photo.jpg", codec_format, size=(160, 120), quality=98)
    before = path.stat().st_size

    code, lines = run(path)

    said = TOLD.fullmatch(lines[0])
    assert code == 1
    assert (said["what"], said["path"], said["format"]) == ("fixed", "photo.jpg", codec_format)
    assert is_about(said["before"], before)
    assert is_about(said["after"], path.stat().st_size)
    assert path.stat().st_size <= BUDGET
    assert opened(path.read_bytes()).format == codec_format
    assert int(said["trials"]) >= 1
    assert lines[1:] == []


def test_an_animation_is_fixed_whole(run):
    """A fix must keep the frames, their durations and the loop count."""
    frames = [noise((96, 64), seed=seed) for seed in range(3)]
    options = {"save_all": True, "append_images": frames[1:], "duration": [40, 120, 500], "loop": 2}
    path = write(Path("moving.webp"), encoded(frames[0], "WEBP", **options))

    _, lines = run(path)

    assert TOLD.fullmatch(lines[0])["what"] == "fixed"
    assert path.stat().st_size <= BUDGET
    with Image.open(path) as picture:
        times = [_duration(picture, place) for place in range(picture.n_frames)]
        assert (times, picture.info["loop"]) == ([40, 120, 500], 2)


def _duration(picture, place):
    picture.seek(place)
    picture.load()
    return picture.info["duration"]


@pytest.mark.parametrize("policy", ["keep", "strip"])
def test_a_gain_map_is_carried_along_or_the_file_left_alone(run, folder, policy):
    """Stripping metadata must not remove a gain map, which is part of the image."""
    xmp = b'<rdf:Description hdrgm:Version="1.0"/>'
    before = encoded(noise(), "MPO", save_all=True, append_images=[noise((24, 16))], xmp=xmp)
    path = write(folder / "hdr.jpg", before)

    code, lines = run("hdr.jpg", "--metadata", policy)

    assert code == 1
    if policy == "keep":
        assert TOLD.fullmatch(lines[0])["what"] == "fixed"
        assert path.stat().st_size <= BUDGET
        assert check_auxiliary_images(before, path.read_bytes()) is None
    else:
        assert lines[0].startswith("skipped ")
        assert "it carries an Ultra HDR gain map, which" in lines[0]
        assert path.read_bytes() == before


def test_a_line_names_the_dimensions_where_they_changed(run):
    """A line must show the new dimensions of a resized image."""
    path = of_real_kind("photo.jpg")

    _, lines = run(path, "--resize", "--max-width", "200")

    said = TOLD.fullmatch(lines[0])
    assert opened(path.read_bytes()).size == (int(said["width"]), int(said["height"]))
    assert int(said["width"]) <= 200


def test_a_line_says_where_nothing_was_lost(run):
    """A lossless fix has no quality and no trials, and its line must say that it is lossless."""
    path = of_real_kind("photo.jpg", progressive=True)
    before = path.stat().st_size

    code, lines = run(path, budget=before - 300)

    said = re.fullmatch(
        r"fixed photo\.jpg: ([\d.]+ kB) -> ([\d.]+ kB) \(the same picture, without loss\b.*\)", lines[0]
    )
    assert code == 1
    assert is_about(said[1], before)
    assert is_about(said[2], path.stat().st_size)


@pytest.mark.parametrize(
    ("codec_format", "options"),
    [
        *((codec_format, []) for codec_format in FORMATS),
        *(("JPEG", ["--min-quality", "50"]), ("WEBP", ["--resize", "--min-width", "150"])),
    ],
    ids=str,
)
def test_what_is_shrunk_is_shrunk_once(run, folder, codec_format, options):
    """A file that stays over budget must not lose quality in every further run."""
    path = of_real_kind("photo.jpg", codec_format, size=(160, 120))
    options = [*options, "--on-unreachable", "smallest"]
    before = path.stat().st_size

    code, lines = run(path, *options, budget=200)
    after = snapshot(folder)
    again = [run(path, *options, budget=200) for _ in range(2)]

    assert code == 1
    assert TOLD.fullmatch(lines[0])["what"] == "shrunk"
    assert "still over its budget of 200 B" in lines[0]
    assert 200 < path.stat().st_size < before
    assert snapshot(folder) == after
    assert [(code, lines[0].split(": ")[0][:8], len(lines)) for code, lines in again] == [(1, "skipped ", 1)] * 2


def test_the_second_run_is_a_no_op(run, folder):
    """A second run must not change any file: the fixed files fit and the others are skipped again."""
    for number, codec_format in enumerate(FORMATS):
        of_real_kind(f"art/{number}.jpg", codec_format, size=(160, 120), quality=98)
    write(folder / "art" / "graphic.bmp", GREY_BMP)
    write(folder / "art" / "moving.webp", animation("WEBP", (96, 64)))
    write(folder / "art" / "two.jpg", encoded(noise(), "MPO", save_all=True, append_images=[noise((16, 12))]))
    first = run(".")
    after = snapshot(folder)

    code, lines = run(".")

    last = str(len(FORMATS) + 2)
    assert [line.split()[0] for line in first[1]] == [*["fixed"] * len(FORMATS), "skipped", "fixed", "fixed", last]
    assert snapshot(folder) == after
    assert (code, lines) == (1, first[1][len(FORMATS) : len(FORMATS) + 1])


def test_what_is_within_every_limit_is_not_touched(run, folder):
    """Without a file over budget, fix must be silent, exit with 0 and change nothing."""
    of_real_kind("fits.jpg", size=(64, 48))
    write(folder / "notes.txt", b"text " * 5000)
    write(folder / "misnamed.jpg", b"text " * 5000)
    write(folder / "empty.png", b"")
    before = snapshot(folder)

    assert run(".") == (0, [])
    assert snapshot(folder) == before


def test_a_picture_keeps_its_format_whatever_it_is_called(run):
    """A fix keeps the format of the content, whatever the suffix, so that references stay valid."""
    path = of_real_kind("photo.jpg", "WEBP")

    _, lines = run(path)

    assert TOLD.fullmatch(lines[0])["format"] == "WEBP"
    assert opened(path.read_bytes()).format == "WEBP"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX permissions or links")
def test_a_link_stays_a_link_and_permissions_stay(run, folder):
    """A fix through a link must change its target once, and keep link and permissions."""
    path = of_real_kind("art/photo.jpg")
    path.chmod(0o640)
    shortcut = folder / "shortcut.jpg"
    shortcut.symlink_to("art/photo.jpg")

    _, lines = run("shortcut.jpg", "art/photo.jpg")

    assert [line.split()[0] for line in lines] == ["fixed", "skipped"]
    assert shortcut.readlink() == Path("art/photo.jpg")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_size <= BUDGET


@pytest.mark.parametrize(
    "name", ["with space.jpg", "quote'\".jpg", "новый.jpg", "-dash.jpg", "percent%s{0}.jpg", "a: b -> c.jpg"]
)
def test_every_name_is_told_as_it_is(run, name):
    """A line must show the exact name of the file."""
    try:
        path = of_real_kind(name)
    except OSError:
        pytest.skip("this file system has no such names")

    _, lines = run(name)

    assert TOLD.fullmatch(lines[0])["path"].removeprefix("./") == name
    assert path.stat().st_size <= BUDGET


@pytest.mark.parametrize("name", [b"two\nlines.jpg", b"not-utf8-\xff.jpg"], ids=["newline", "not UTF-8"])
def test_every_file_is_one_line_whatever_its_name(run, name):
    """A name with a line break must not look like two lines to a program."""
    try:
        path = of_real_kind(os.fsdecode(name))
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")

    code, lines = run(os.fsdecode(name))

    assert (code, len(lines)) == (1, 1)
    assert path.stat().st_size <= BUDGET


def test_leftovers_of_a_killed_fixer_go(run, folder):
    """A run must remove temporary files of killed fixers, even if it fixes nothing."""
    of_real_kind("deep/fits.jpg", size=(64, 48))
    leftover = write(folder / "deep" / ".bytefit-0123456789abcdef.tmp", b"half a pict")

    code, _ = run(".")

    assert code == 0
    assert not leftover.exists()


# Dry runs.


def told_of(result):
    """Return the first word of every line."""
    return [line.split()[0] for line in result[1]]


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        ([], {"fixed", "skipped"}),
        (["--on-unreachable", "smallest", "--min-quality", "80"], {"shrunk", "skipped"}),
        (["--on-unreachable", "smallest", "--min-quality", "95"], {"skipped"}),
        (["--resize", "--max-width", "100"], {"fixed", "skipped"}),
    ],
    ids=lambda value: "+".join(sorted(value)),
)
def test_a_dry_run_says_what_the_real_one_does_and_writes_nothing(run, folder, options, outcomes):
    """A dry run must report the same results and exit code, and write nothing."""
    of_real_kind("0.jpg", size=(240, 180))
    of_real_kind("1.jpg", "WEBP", size=(240, 180), quality=99)
    of_real_kind("2.jpg", "AVIF", size=(160, 120))
    of_real_kind("slightly.jpg", size=(140, 90), quality=60)
    write(folder / "graphic.bmp", GREY_BMP)
    write(folder / "moving.webp", animation("WEBP", (96, 64)))
    write(folder / ".bytefit-0123456789abcdef.tmp", b"half a pict")
    before = snapshot(folder)

    dry = run(".", *options, "--dry-run")
    unchanged = snapshot(folder) == before
    real = run(".", *options)

    def without_time(line):
        return re.sub(r"\d+\.\d\d s\)", ")", re.sub("^(would fix|fixed|shrunk) |would be ", "", line))

    assert unchanged
    assert dry[0] == real[0] == 1
    assert list(map(without_time, dry[1])) == list(map(without_time, real[1]))
    *told, count = told_of(real)
    assert [line.split()[0] for line in dry[1]] == [*("would" if word != "skipped" else word for word in told), count]
    assert set(told) == outcomes


def test_a_dry_run_says_lossless_where_the_real_one_is(run, folder):
    """A dry run must report a lossless fix as lossless."""
    path = of_real_kind("photo.jpg", progressive=True)
    budget = path.stat().st_size - 300
    before = snapshot(folder)

    code, lines = run(path, "--dry-run", budget=budget)

    assert code == 1
    assert re.match(r"would fix photo\.jpg: .* \(the same picture, without loss", lines[0])
    assert snapshot(folder) == before


def test_a_dry_run_does_not_promise_what_the_real_one_cannot_do(run):
    """A file at its minimum must be skipped in a dry run, too."""
    path = of_real_kind("photo.jpg")
    options = ("--on-unreachable", "smallest")
    run(path, *options, budget=200)

    dry = run(path, *options, "--dry-run", budget=200)
    real = run(path, *options, budget=200)

    assert real[1][0].startswith("skipped ")
    assert dry == real


# Dimensions.


def configured(folder, **limits):
    """Write a configuration that allows resizing, with the given limits."""
    lines = [f"{key.replace('_', '-')} = {value!r}\n" for key, value in limits.items()]
    (folder / ".bytefit.toml").write_text("resize = true\n" + "".join(lines))


@pytest.mark.parametrize("turned", [(1, "keep"), (6, "keep"), (6, "strip")], ids=str)
@pytest.mark.parametrize("size", [(400, 300), (300, 400), (401, 37), (37, 401), (300, 300)], ids=str)
@pytest.mark.parametrize(
    "limits",
    [{"max_width": 200}, {"max_height": 200}, {"max_width": 123, "max_height": 45}, {"max_width": 1, "max_height": 1}],
    ids=str,
)
def test_what_is_resized_ends_within_both_limits(run, folder, limits, size, turned):
    """One run must meet both limits exactly, rotated or not, so that a second run does nothing."""
    orientation, policy = turned
    configured(folder, max_size="20KB", metadata=policy, **limits)
    path = write_jpeg(folder / "photo.jpg", photograph(size), orientation=orientation)
    sides = zip(("max_width", "max_height"), size, strict=True)
    too_large = any(side > limits.get(key, side) for key, side in sides)

    code, lines = run(path, budget=None)
    after = snapshot(folder)
    again = run(path, budget=None)

    width, height = opened(path.read_bytes()).size
    assert code == (1 if too_large else 0), lines
    assert width <= limits.get("max_width", width)
    assert height <= limits.get("max_height", height)
    assert again == (0, [])
    assert snapshot(folder) == after


@pytest.mark.parametrize("codec_format", FORMATS)
@pytest.mark.parametrize("budget", ["2KB", "1MB"])
def test_every_format_is_resized(run, folder, codec_format, budget):
    """A resize must work in every format, and must not make the image smaller than needed."""
    configured(folder, max_size=budget, max_width=200, max_height=100)
    path = of_real_kind("photo.img", codec_format)
    before = path.stat().st_size

    code, lines = run(path, budget=None)

    width, height = opened(path.read_bytes()).size
    assert (code, lines[0].split()[0]) == (1, "fixed")
    assert (width, height) == (133, 100) or (budget == "2KB" and width < 133)
    assert path.stat().st_size <= min(before, parse_size(budget))


@pytest.mark.parametrize("on_unreachable", ["error", "smallest"])
@pytest.mark.parametrize(
    "data",
    [
        encoded(photograph((400, 300)), quality=90),
        encoded(photograph((400, 300)), quality=3),
        encoded(photograph((201, 150)), quality=40, progressive=True),
        encoded(flat((201, 100)), quality=50),
        encoded(photograph((201, 150)), "WEBP", quality=1),
        encoded(flat((400, 300)), "WEBP", lossless=True),
        encoded(flat((201, 1)), "WEBP", lossless=True),
        encoded(screenshot((400, 300)), "WEBP", lossless=True),
        encoded(flat((400, 300)), "AVIF", quality=1),
    ],
    ids=[
        *("JPEG", "coarse JPEG", "JPEG hardly too wide", "flat JPEG", "coarse WebP", "flat WebP", "WebP of one line"),
        *("lossless WebP", "flat AVIF"),
    ],
)
def test_a_file_that_fits_but_is_too_wide_never_grows(run, folder, data, on_unreachable):
    """A resize that needs more bytes is no fix: the file must be skipped with a reason."""
    configured(folder, max_size="50KB", max_width=200, on_unreachable=on_unreachable)
    path = write(folder / "picture.img", data)

    code, lines = run(path, budget=None)
    after = path.read_bytes()
    again = run(path, budget=None)

    assert (code, len(lines)) == (1, 1)
    if lines[0].startswith("skipped "):
        assert after == data
        assert again == (code, lines)
    else:
        assert len(after) <= len(data)
        assert opened(after).width <= 200
        assert again == (0, [])


# Exit codes.


def test_exit_codes_tell_what_happened(run, folder):
    """The exit code is 0 for nothing to do, 1 for fixed or skipped, 2 for wrong usage; also in a dry run."""
    of_real_kind("fits.jpg", size=(64, 48))
    of_real_kind("over.jpg")
    shutil.copy(folder / "over.jpg", folder / "also.jpg")
    write(folder / "graphic.bmp", GREY_BMP)

    codes = [
        run("fits.jpg")[0],
        run("over.jpg", "--dry-run")[0],
        run("over.jpg")[0],
        run("over.jpg")[0],
        run("graphic.bmp")[0],
        run("fits.jpg", "also.jpg")[0],
    ]

    assert codes == [0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.jpg"],
        ["over.jpg", "--slack", "2"],
        ["over.jpg", "--max-width", "100"],
        ["over.jpg", "--report", "txt"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_two_and_touches_nothing(folder, capsys, arguments):
    """Wrong usage must print one line to standard error and change no file."""
    of_real_kind("over.jpg")
    before = snapshot(folder)

    try:
        code = main(["fix", "--max-size", str(BUDGET), *arguments])
    except SystemExit as ended:
        code = ended.code

    captured = capsys.readouterr()
    assert (code, captured.out, captured.err.count("\n")) == (2, "", 1)
    assert snapshot(folder) == before
