"""The comparison with other tools: all answer the same cases, and what is compared is what fits."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
from PIL import Image

pytest.importorskip("sklearn")
pytest.importorskip("ssimulacra2")

from bytefit.benchmarks.looks import bench_looks, contenders, shown_picture
from bytefit.benchmarks.looks_report import BASELINE, Scored, looks_json, looks_report
from bytefit.benchmarks.metrics import Metrics, psnr_hvs
from bytefit.benchmarks.peers import installed_peers
from bytefit.benchmarks.sheet import PART, TITLE, busiest_part, contact_sheet
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.training.fast_scores import MsSsim
from images import animation, encoded, flat, graphic, noise, opened, photograph, screenshot, write_jpeg

BITS = (0.25, 3.0)
PEERS = installed_peers()

CASE = Scored("a.png", "photo", "somebody", bits=1.0, budget=1000, tool="Pillow", format="JPEG")


@pytest.fixture(scope="module")
def drawn_folder(tmp_path_factory):
    """Three pictures every tool can take, and three files that not all can."""
    folder = tmp_path_factory.mktemp("drawn") / "pictures"
    (folder / "photo").mkdir(parents=True)
    photograph((80, 60)).save(folder / "photo" / "colour.png")
    photograph((60, 72), mode="L").save(folder / "photo" / "grey.png")
    screenshot((120, 90)).save(folder / "photo" / "screenshot.png")
    graphic().save(folder / "photo" / "transparent.png")
    (folder / "photo" / "animated.webp").write_bytes(animation("WEBP"))
    (folder / "photo" / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def benched(drawn_folder, tmp_path_factory):
    """The cases of one benchmark in two formats, its other counts, and its contact sheet."""
    sheet = tmp_path_factory.mktemp("sheet") / "sheet.png"
    printed = bench_looks(
        drawn_folder, formats=["jpeg", "WEBP"], bits=BITS, megapixels=0.006, as_json=True, sheet=sheet, jobs=1
    )
    counts = json.loads(printed)
    return counts.pop("cases"), counts, sheet


def test_pillow_is_always_there():
    """Pillow's encoders always take part, and no two peers share a name."""
    names = [peer.name for peer in PEERS]

    assert names[:2] == ["Pillow", "Pillow progressive"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_peers_answer_with_a_picture_of_their_format(peer, mode):
    """A peer's answer has the full dimensions, whatever its size in bytes."""
    answer = opened(peer.encode(photograph((128, 96), mode), 4096))

    assert (answer.format, answer.size) == (peer.format, (128, 96))


def test_pillow_answers_with_the_best_whole_quality():
    """The integer quality of its answer fits, and the next one does not."""
    picture = photograph()

    answer = PEERS[0].encode(picture, 3000)

    files = [encoded(picture, quality=quality) for quality in range(1, 101)]
    assert len(answer) <= 3000 < len(files[files.index(answer) + 1])


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_budget_nobody_reaches_is_missed_or_exceeded(peer):
    """A peer must never raise: one tool would end the benchmark of all."""
    answer = peer.encode(photograph((128, 96)), 50)

    assert answer is None or len(answer) > 50


@pytest.mark.skipif(sys.platform == "win32", reason="commands are scripts here")
def test_another_program_of_the_same_name_is_no_peer(tmp_path, monkeypatch):
    """Such a program may succeed without making a picture."""
    for name in ("convert", "cwebp"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not {"ImageMagick", "cwebp"} & {peer.name for peer in installed_peers()}


def test_bytefit_competes_in_every_format_asked_for():
    """It answers as it does by default, without slack, at effort best and with resize."""
    names = [tool.name for tool in contenders(["webp"], resize=True)]

    assert names[-4:] == ["bytefit WEBP, default", "bytefit WEBP", "bytefit WEBP, best", "bytefit WEBP resize"]
    assert not any("JPEG" in name for name in names)
    assert "bytefit AVIF resize" not in [tool.name for tool in contenders(None, resize=False)]


def test_every_tool_answers_every_case(benched):
    """Each tool has one row per picture and bit rate."""
    cases, counts, _ = benched

    tools = {case["tool"] for case in cases}
    assert {"Pillow", BASELINE, "bytefit JPEG", "bytefit JPEG resize", "bytefit WEBP"} <= tools
    assert len(cases) == len({(case["path"], case["bits"], case["tool"]) for case in cases}) == 3 * 2 * len(tools)
    assert counts == {"images": 3, "sources": 3, "left_out": 3}


def test_cases_say_what_was_asked_and_answered(benched):
    """Readers of the JSON can compute other means; paths are relative to the folder."""
    cases, _, _ = benched

    assert {case["path"] for case in cases} == {f"photo/{name}.png" for name in ("colour", "grey", "screenshot")}
    for case in cases:
        assert list(case) == list(Scored.__slots__)
        assert case["kind"] == "photo"
        assert (case["size"] is None) == (case["ssimulacra2"] is None) == (case["ms_ssim"] is None)


def test_bytefit_and_what_is_bisected_never_go_over(benched):
    """If nothing fits they must give no answer."""
    kept = [case for case in benched[0] if case["tool"].startswith(("bytefit", "Pillow"))]

    assert all(case["size"] <= case["budget"] for case in kept if case["size"] is not None)
    assert any(case["size"] is None for case in kept)


def test_answers_at_full_size_have_its_dimensions(benched):
    """Only answers with resize may be smaller; large pictures are scaled down for all tools alike."""
    cases, _, _ = benched

    answered = [case for case in cases if case["size"] is not None and not case["tool"].endswith("resize")]
    assert {(case["width"], case["height"]) for case in answered} == {(80, 60), (60, 72), (89, 67)}


def test_the_sheet_shows_all_tools_side_by_side(benched):
    """The original and every tool are the columns, the pictures are the rows."""
    cases, _, sheet = benched

    columns = 1 + len({case["tool"] for case in cases})
    with Image.open(sheet) as drawn:
        assert drawn.format == "PNG"
        assert drawn.size == (columns * PART, 3 * (PART + TITLE))


def test_the_report_is_tables_for_people(drawn_folder):
    """The report gives the numbers of pictures and of sources."""
    printed = bench_looks(drawn_folder, formats=["JPEG"], bits=(3.0,), resize=False, jobs=1)

    assert printed.startswith("3 images of 3 sources, 3 files left out.")
    tables = 9 if "Butteraugli" in printed else 7
    assert printed.count("| bytefit JPEG, default") == printed.count("| bytefit JPEG, best") == tables
    assert "SSIMULACRA2, over Pillow progressive where both answered:" in printed


def test_answers_over_the_budget_take_no_part_in_means():
    """An answer over the budget is counted as such and must not raise a mean."""
    rows = [
        replace(CASE, size=900, ssimulacra2=60.0, ms_ssim=15.0),
        replace(CASE, path="b.png", size=1100, ssimulacra2=90.0, ms_ssim=25.0),
        replace(CASE, path="c.png"),
    ]

    printed = looks_report(rows, 0)

    assert "| Pillow | 60.00 |" in printed
    assert "| Pillow |     3 | 0.900 |    1 |      1 |" in printed
    assert json.loads(looks_json(rows, 0))["images"] == 3


def test_gains_are_over_the_cases_both_answered():
    """A tool must not gain by missing the hard cases."""
    rows = [
        replace(CASE, tool=BASELINE, size=900, ssimulacra2=60.0, ms_ssim=15.0),
        replace(CASE, tool=BASELINE, path="hard.png", size=900, ssimulacra2=10.0, ms_ssim=5.0),
        replace(CASE, size=1000, ssimulacra2=62.5, ms_ssim=15.5),
        replace(CASE, path="hard.png"),
    ]

    printed = looks_report(rows, 0)

    assert "| Pillow             | +2.50 |" in printed
    assert "| Pillow             | +0.50 |" in printed


def test_structure_is_measured_in_decibel():
    """An identical picture gets 60, a worse one less, also if it is too small for all scales."""
    for size in ((11, 40), (96, 64), (200, 180)):
        picture = photograph(size)
        poor, good = (opened(encoded(picture, quality=quality)) for quality in (5, 80))

        assert MsSsim(picture).of(picture) == pytest.approx(60)
        assert MsSsim(picture).of(poor) < MsSsim(picture).of(good) < 60


def test_errors_weigh_as_much_as_the_eye_sees_of_them():
    """An identical picture gets the cap; a coarse wave costs more than a fine one of the same height."""
    picture = flat((64, 64), "L")
    coarse, fine = picture.copy(), picture.copy()
    for version, period in ((coarse, 8), (fine, 2)):
        for x in range(64):
            version.paste(picture.getpixel((0, 0)) + (8 if x % period < period // 2 else -8), (x, 0, x + 1, 64))

    assert psnr_hvs(picture, picture) > 90
    assert psnr_hvs(picture, coarse) < psnr_hvs(picture, fine) - 3


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script here")
@pytest.mark.parametrize(("prints", "distance"), [("1.25 extra words", 1.25), ("no number", None), ("", None)])
def test_butteraugli_is_what_the_program_prints(tmp_path, monkeypatch, prints, distance):
    """A program of that name that prints something else must not end the benchmark."""
    (tmp_path / "butteraugli").write_text(f"#!/bin/sh\necho {prints}\n")
    (tmp_path / "butteraugli").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = photograph((64, 48))

    assert Metrics(picture).of(picture)["butteraugli"] == distance


def test_without_the_program_there_is_no_table_of_butteraugli(monkeypatch, tmp_path):
    """A metric that was not measured must not be reported as a column of dashes."""
    monkeypatch.setenv("PATH", str(tmp_path))
    scores = Metrics(photograph((64, 48))).of(photograph((64, 48)))

    assert scores["butteraugli"] is None
    assert "Butteraugli" not in looks_report([replace(CASE, size=900, **scores)], 0)


def test_pictures_are_read_upright_and_bare(tmp_path):
    """No tool may spend bytes on metadata that another leaves out."""
    path = write_jpeg(tmp_path / "turned.jpg", photograph((64, 32)), orientation=6, xmp=b"<x/>")

    picture = shown_picture(path, None)

    assert (picture.size, picture.mode, picture.info) == ((32, 64), "RGB", {})


def test_what_the_metrics_cannot_see_is_refused(tmp_path):
    """Such a picture is refused before any tool runs."""
    photograph((10, 64)).save(tmp_path / "narrow.png")

    with pytest.raises(UnsupportedImage, match="fewer than 11 pixels a side"):
        shown_picture(tmp_path / "narrow.png", None)


def test_the_busiest_part_is_shown():
    """A flat corner shows nothing of a codec."""
    picture = flat((3 * PART, 2 * PART))
    picture.paste(noise((PART, PART)), (2 * PART, PART))

    assert busiest_part(picture) == (2 * PART, PART, 3 * PART, 2 * PART)
    assert busiest_part(flat((40, 300))) == (0, 0, 40, PART)


def test_tiles_without_a_picture_stay_empty():
    """A tool without an answer still has its title."""
    sheet = contact_sheet([[("original", flat((PART, PART))), ("none", None)]])

    assert sheet.getpixel((PART - 1, PART)) == (200, 120, 40)
    assert sheet.getpixel((PART + 1, PART)) == (255, 255, 255)


def test_senseless_budgets_are_refused(drawn_folder):
    """The budgets are checked before anything is encoded."""
    with pytest.raises(ConfigError, match="give numbers above 0"):
        bench_looks(drawn_folder, bits=(0.5, 0.0))


def test_a_folder_without_pictures_is_refused(tmp_path):
    """The message names the folder."""
    with pytest.raises(ConfigError, match="nothing to measure below"):
        bench_looks(tmp_path, jobs=1)
