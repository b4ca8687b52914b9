"""The page of `check` and `fix`: what an audit found, what a fix did, and what the rules allow."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bytefit.budgets.changes import FIXED, SKIPPED, STILL_OVER
from bytefit.fitting.result import how_encoded
from bytefit.messages import format_size
from bytefit.reporters.html.page import BAD, GOOD, PLAIN, WARN, Leaf, Limit, Page, PageImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.budgets.changes import Change
    from bytefit.budgets.findings import Audit, Finding
    from bytefit.reporters.html.album import Album, Pair

# How the findings and changes are coloured.
_STATES = {"new": ("over its limit", BAD), "grown": ("grown", BAD), "known": ("in the baseline", WARN)}
_KINDS = {
    FIXED: ("fixed", GOOD),
    STILL_OVER: ("still over", BAD),
    SKIPPED: ("skipped", BAD),
    "new": ("new", PLAIN),
    "grown": ("grown", WARN),
    "shrunk": ("shrunk", GOOD),
    "replaced": ("replaced", PLAIN),
    "removed": ("removed", PLAIN),
}


def page_of(audit: Audit, form: str, album: Album) -> Page:
    """Return the page of an audit.

    Args:
        audit: the audit.
        form: the format of the report, by which the pictures of the changes are found.
        album: makes the pictures of what has not changed.
    """
    changed = {change.path for change in audit.changes}
    failing = {finding.path for finding in audit.failing}
    images = [_changed(audit, change, form, album, failing) for change in audit.changes]
    images += [_found(finding, album, len(images)) for finding in audit.findings if finding.path not in changed]
    images.sort(key=lambda one: one.worst_first)
    tones = {one.name: one.tone for one in images}
    sizes = {} if audit.tree is None else dict(audit.tree.sizes)
    if audit.command == "fix":
        sizes |= {change.name: change.after or 0 for change in audit.changes}
    notes = [f"{one.path}: {one.reason}" for one in audit.unreadable] + list(audit.notes)
    if audit.comparison is not None and audit.comparison.note:
        what = "not compared with" if audit.comparison.commit is None else "compared with"
        notes.append(f"{what} {audit.comparison.ref}: {audit.comparison.note}")
    if audit.resolved:
        notes.append(f"in the baseline, but no longer over budget: {', '.join(audit.resolved)}")
    return Page(
        command=f"bytefit {audit.command}",
        verdict=_verdict(audit),
        tone=_tone(audit),
        facts=tuple(_facts(audit, images)),
        images=tuple(images),
        limits=tuple(_limits(audit, sizes)),
        leaves=tuple(Leaf(name, size, tones.get(name, PLAIN)) for name, size in sizes.items()),
        notes=tuple(notes),
    )


def image_count(audit: Audit) -> int:
    """Return the number of images on the page of an audit."""
    return len({finding.path for finding in audit.findings} | {change.path for change in audit.changes})


def _found(finding: Finding, album: Album, rank: int) -> PageImage:
    state, tone = _STATES[finding.state]
    return PageImage(
        finding.name,
        state,
        tone,
        before=finding.size,
        budget=finding.budget,
        rule=finding.rule.label,
        detail=f"fix would {finding.remedy}",
        note="" if finding.excess else finding.message,
        pair=_now(finding.path, finding.name, album, rank),
    )


def _changed(audit: Audit, change: Change, form: str, album: Album, failing: set[str]) -> PageImage:
    state, tone = _KINDS[change.kind]
    if audit.command == "check" and change.path in failing:
        tone = BAD
    pair: Pair | None = None
    if change.seen is not None:
        pair = change.seen.pictures.get(form)
    elif change.after is not None:
        pair = _now(change.path, change.name, album, 0)
    made = change.seen is not None and change.kind != SKIPPED
    return PageImage(
        change.name,
        f"would be {state}" if audit.command == "fix --dry-run" and change.kind == FIXED else state,
        tone,
        before=change.before,
        after=change.after if made or audit.command == "check" else None,
        budget=None if change.after is None else change.budget,
        rule=change.rule,
        detail=how_encoded(change.encode, change.seconds)[1:].replace(")", "", 1) if made and change.seconds else "",
        note=change.reason,
        score=change.score,
        pair=pair,
    )


def _now(path: str, name: str, album: Album, rank: int) -> Pair | None:
    """Return the picture of a file as it is."""
    with suppress(OSError, ValueError), open(path, "rb") as file:
        return album.pair(name, rank, file.read(), None)
    return None


def _verdict(audit: Audit) -> str:
    if audit.command == "check":
        return "; ".join(_failures(audit)) or f"All {audit.files:,} images are within their limits"
    kinds = [change.kind for change in audit.changes]
    if not kinds:
        return f"All {audit.files:,} images are within their limits: nothing to fix"
    done, left = kinds.count(FIXED), len(kinds) - kinds.count(FIXED)
    would = "would be" if audit.command == "fix --dry-run" else "are" if done != 1 else "is"
    rest = f", {left} {'are' if left != 1 else 'is'} left over budget" if left else ""
    return f"{done} of {_images(len(kinds))} over budget {would} fixed{rest}"


def _tone(audit: Audit) -> str:
    if audit.passed:
        return GOOD
    left = not audit.changes or any(change.kind != FIXED for change in audit.changes)
    return BAD if audit.command == "check" or left else WARN


def _failures(audit: Audit) -> Iterator[str]:
    if audit.failing:
        excess = sum(one.excess for one in audit.failing)
        by = f", by {format_size(excess)} in all" if excess else ""
        yield f"{len(audit.failing):,} of {_images(audit.files)} {'is' if len(audit.failing) == 1 else 'are'} over{by}"
    if audit.failing_totals:
        excess = sum(one.excess for one in audit.failing_totals)
        yield f"{len(audit.failing_totals)} over the total, by {format_size(excess)}"
    if audit.unreadable:
        yield f"{len(audit.unreadable)} cannot be read"


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _facts(audit: Audit, images: list[PageImage]) -> Iterator[tuple[str, str]]:
    yield "images checked", f"{audit.files:,}"
    done = [change for change in audit.changes if change.kind != SKIPPED]
    if audit.command != "check":
        yield "rewritten" if audit.command == "fix" else "would change", f"{len(done):,}"
        yield "skipped", f"{len(audit.changes) - len(done):,}"
    else:
        yield "over a limit", f"{len(audit.failing):,}"
        yield "bytes over", format_size(sum(one.excess for one in audit.failing))
    if audit.tree is not None:
        yield "all images", format_size(sum(audit.tree.sizes.values()))
    if audit.comparison is not None and audit.comparison.commit is not None:
        yield f"before, at {audit.comparison.commit[:10]}", format_size(audit.comparison.before)
        yield "now", format_size(audit.comparison.after)
        yield "changed", f"{len(audit.changes):,}"
    elif done:
        yield "before", format_size(sum(change.before or 0 for change in done))
        yield "after", format_size(sum(change.after or 0 for change in done))
        yield "saved", format_size(max(0, -sum(change.difference for change in done)))
    if audit.known:
        yield "in the baseline", f"{audit.known:,}"
    if any(one.score is not None for one in images):
        yield "lost visibly", f"{sum(one.lost_visibly for one in images):,}"


def _limits(audit: Audit, sizes: dict[str, int]) -> Iterator[Limit]:
    """Yield the rules and totals, with how their files stand now."""
    if audit.tree is None:
        return
    for rule, files in audit.tree._replace(sizes=sizes).by_rule():
        allows = [f"{format_size(rule.max_size)} an image"]
        allows += [
            f"{most} pixels {side}" for most, side in ((rule.max_width, "wide"), (rule.max_height, "high")) if most
        ]
        allows += [f"{name.replace('_', '-')} = {value}" for name, value in rule.options.items()]
        over = sum(one.rule.label == rule.label for one in audit.findings)
        state = ("no budget", PLAIN) if rule.skip else (f"{over:,} over", BAD) if over else ("within", GOOD)
        patterns = " ".join(rule.patterns) or "all others"
        yield Limit(
            rule.label, patterns, "anything" if rule.skip else "; ".join(allows), len(files), sum(files), *state
        )
    over_totals = {one.name for one in audit.totals}
    for total, size, count in audit.tree.sums:
        name = " ".join(total.patterns)
        state = ("over", BAD) if name in over_totals else ("within", GOOD)
        yield Limit(total.label, name, f"{format_size(total.max_size)} together", count, size, *state)
