"""The commands `check` and `fix`: their arguments and output."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bytefit.cli.options import (
    FINE,
    OVER,
    WRONG,
    add_fitting_options,
    add_loudness,
    add_scores,
    fitting_options,
    size_argument,
)
from bytefit.cli.training import process_count
from bytefit.errors import ConfigError
from bytefit.messages import one_line
from bytefit.options import IN_CONFIGURATION, options_from
from bytefit.reporters import FOLDER, FORMATS

if TYPE_CHECKING:
    import argparse

    from bytefit.budgets.baseline import Baseline
    from bytefit.budgets.configuration import Configuration
    from bytefit.budgets.findings import Audit
    from bytefit.budgets.fixing import Examine
    from bytefit.budgets.selection import Selection

    Reports = list[tuple[str, str | None]]


# A process takes as long to start as a photograph of a megapixel three times over (12 of them: 1.2 s of processor time
# in one process, 1.9 s in two).
_IMAGES_EACH = 4


def add_check(check: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit check`."""
    _add_audit_options(check)
    check.add_argument(
        "--explain", metavar="PATH", help="show which rule applies to a file and why, and check nothing else"
    )
    check.add_argument(
        "--write-baseline",
        action="store_true",
        help="record the files over budget; from then on only new and grown ones fail",
    )
    check.add_argument(
        "--update-baseline",
        action="store_true",
        help="remove resolved files from the baseline and lower the sizes of files that shrank",
    )
    _add_report(check)
    check.add_argument(
        "--compare-to",
        metavar="REF",
        help="show the images and totals that differ from commit REF; in a branch, from where it began",
    )
    check.add_argument(
        "--min-change",
        type=size_argument,
        metavar="SIZE",
        help="with --compare-to: leave out images that differ by less (default: 0)",
    )
    add_scores(check)
    check.set_defaults(run=_check)


def add_fix(fix: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit fix`."""
    _add_audit_options(fix)
    add_fitting_options(fix, for_fix=True)
    fix.add_argument("--dry-run", action="store_true", help="show the results without writing any file")
    fix.add_argument(
        "--jobs",
        type=process_count,
        metavar="N",
        help="images at a time, each in a process of its own (default: one per core, for at least four images each; "
        "1 in a pre-commit hook)",
    )
    add_scores(fix)
    _add_report(fix)
    add_loudness(fix)
    fix.set_defaults(run=_fix)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report",
        action="append",
        metavar="FORMAT[=FILE]",
        help=(
            f"print a report, or write it to FILE: {', '.join(FORMATS)}; {FOLDER}=DIR writes a folder; "
            "may be repeated (default: text)"
        ),
    )


def _add_audit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files or folders (default: all images that git tracks here)"
    )
    parser.add_argument(
        "--max-size",
        type=size_argument,
        metavar="SIZE",
        help="budget of files without a rule (default: max-size of the configuration, or 500KB)",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="configuration file (default: the nearest .bytefit.toml or pyproject.toml)"
    )
    parser.add_argument("--staged", action="store_true", help="only files that the next commit adds or changes")
    parser.add_argument("--from-ref", metavar="A", help="only files that were added or changed since commit A")
    parser.add_argument("--to-ref", metavar="B", help="with --from-ref: the last commit (default: HEAD)")
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        help="baseline file (default: .bytefit-baseline.json in the folder of the configuration)",
    )
    parser.add_argument(
        "--no-baseline", action="store_true", help="ignore the baseline: files that it records fail, too"
    )


def _configuration(arguments: argparse.Namespace) -> Configuration:
    from bytefit.budgets.configuration import load_configuration

    given = {} if arguments.max_size is None else {"max-size": arguments.max_size}
    options = {name: value for name, value in fitting_options(arguments).items() if name in IN_CONFIGURATION}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    return load_configuration(os.getcwd(), file=arguments.config, given=given)


def _selection(arguments: argparse.Namespace) -> Selection:
    from bytefit.budgets.selection import Selection

    if arguments.to_ref is not None and arguments.from_ref is None:
        raise ConfigError("--to-ref needs --from-ref: give both, or neither")
    if arguments.staged and arguments.from_ref is not None:
        raise ConfigError("--staged and --from-ref select different files: use one of them")
    return Selection(tuple(arguments.paths), arguments.staged, arguments.from_ref, arguments.to_ref)


def _baseline(arguments: argparse.Namespace, configuration: Configuration) -> tuple[str, Baseline]:
    """Return the path of the baseline file and its content."""
    from bytefit.budgets.baseline import BASELINE_FILE, EMPTY, read_baseline

    for name in ("baseline", "write_baseline", "update_baseline"):
        if arguments.no_baseline and getattr(arguments, name, None):
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option} conflicts with --no-baseline: use one of them")
    file = arguments.baseline or os.path.join(os.path.relpath(configuration.base), BASELINE_FILE)
    file = os.path.normpath(file)
    if arguments.no_baseline:
        return file, EMPTY
    written = getattr(arguments, "write_baseline", False)
    try:
        return file, read_baseline(file, required=arguments.baseline is not None and not written)
    except ConfigError:
        if written and not arguments.paths:
            return file, EMPTY  # it is about to be replaced
        raise


def _check(arguments: argparse.Namespace) -> int:
    from bytefit.budgets.audit import audit
    from bytefit.reporters import parse_destination, write_reports

    reports = [parse_destination(text) for text in arguments.report or ["text"]]
    configuration = _configuration(arguments)
    if arguments.explain is not None:
        from bytefit.budgets.explanation import explain

        for line in explain(arguments.explain, configuration, _baseline(arguments, configuration)[1]):
            print(one_line(line))
        return FINE
    if arguments.min_change is not None and arguments.compare_to is None:
        raise ConfigError("--min-change needs --compare-to: give both, or neither")
    if arguments.scores and arguments.compare_to is None:
        raise ConfigError("--scores needs --compare-to: a score compares an image with what it was before")
    if arguments.write_baseline and arguments.update_baseline:
        raise ConfigError("--write-baseline conflicts with --update-baseline: use one of them")
    selection = _selection(arguments)
    file, baseline = _baseline(arguments, configuration)
    found = audit(selection, configuration, baseline, tree=_has_page(reports))
    if arguments.write_baseline:
        _write_baseline(file, baseline, found)
        return WRONG if _complain(found) else FINE
    if arguments.update_baseline:
        _update_baseline(file, baseline, found)
    if arguments.compare_to is not None:
        from bytefit.budgets.comparison import compared

        found = compared(found, arguments.compare_to, selection, configuration, arguments.min_change or 0)
        if arguments.scores or _has_page(reports):
            from bytefit.reporters.examining import with_both_sides

            found = with_both_sides(found, reports, scores=arguments.scores)
    write_reports(found, reports)
    return _exit_code(found)


def _has_page(reports: Reports) -> bool:
    return any(form.startswith("html") for form, _ in reports)


def _examiner(found: Audit, reports: Reports, *, scores: bool) -> Examine | None:
    """Return what looks at each image before and after; it is loaded only if there is something to look at."""
    if not scores and not _has_page(reports):
        return None
    from bytefit.reporters.examining import examiner

    return examiner([finding.path for finding in (*found.failing, *found.findings)], reports, scores=scores)


def _exit_code(found: Audit) -> int:
    """Return the exit code of an audit: files that could not be read come first."""
    if _complain(found):
        return WRONG
    return OVER if found.failing or found.failing_totals else FINE


def _complain(found: Audit) -> bool:
    """Print the files that could not be read to standard error, and return whether there are any."""
    for one in found.unreadable:
        print(one_line(f"bytefit: error: {one.path}: {one.reason}"), file=sys.stderr)
    return bool(found.unreadable)


def _write_baseline(file: str, baseline: Baseline, found: Audit) -> None:
    from bytefit.budgets.baseline import Baseline, write_baseline

    now = found.as_baseline
    resolved = set(found.resolved)
    kept = {name: size for name, size in baseline.files.items() if name not in resolved}
    write_baseline(file, Baseline({**kept, **now.files}, now.totals))
    states = [one.state for one in found.findings] + [one.state for one in found.totals]
    changes = f"{states.count('new')} new, {states.count('grown')} grown, {len(resolved)} resolved"
    print(f"{file}: {len({**kept, **now.files}) + len(now.totals)} over budget recorded ({changes}); commit it")


def _update_baseline(file: str, baseline: Baseline, found: Audit) -> None:
    from bytefit.budgets.baseline import shrunk, write_baseline

    smaller = shrunk(baseline, found.as_baseline, set(found.resolved))
    if smaller != baseline:
        write_baseline(file, smaller)
        print(
            f"{file}: {len(found.resolved)} resolved, {len(smaller.files) + len(smaller.totals)} left", file=sys.stderr
        )


def _jobs(wanted: int | None, count: int) -> int:
    """Return how many images are fixed at a time: pre-commit itself runs hooks beside each other."""
    if wanted is not None and wanted > 0:
        return wanted
    if wanted is None and os.environ.get("PRE_COMMIT"):
        return 1
    worthwhile = count // _IMAGES_EACH
    if worthwhile <= 1:
        return 1
    from bytefit.budgets.processes import core_count

    return min(core_count(), worthwhile)


def _fix(arguments: argparse.Namespace) -> int:
    from bytefit.budgets.audit import audit
    from bytefit.budgets.changes import FIXED, SKIPPED, change_of
    from bytefit.budgets.fixing import after, fix
    from bytefit.cli.best_effort import note_missing_extra
    from bytefit.cli.explaining import why
    from bytefit.cli.terminal import work_shown
    from bytefit.reporters import parse_destination, write_reports
    from bytefit.reporters.text import ending, line_of

    reports = [parse_destination(text) for text in arguments.report or ["text"]]
    options = fitting_options(arguments)
    options_from(options)
    configuration = _configuration(arguments)
    baseline = _baseline(arguments, configuration)[1]
    found = audit(_selection(arguments), configuration, baseline, totals=False, tree=_has_page(reports))
    given = {name: value for name, value in options.items() if name not in IN_CONFIGURATION}
    examine = _examiner(found, reports, scores=arguments.scores)
    printed = ("text", None) in reports
    changes, results = [], []
    with work_shown(0 if arguments.quiet else len(found.failing)) as display:
        settings = {"dry_run": arguments.dry_run, "examine": examine, "starting": display.image}
        for one in fix(found, given, **settings, jobs=_jobs(arguments.jobs, len(found.failing))):
            change = change_of(one)
            changes.append(change)
            results.append(one.outcome.result if one.outcome else None)
            told = printed and (not arguments.quiet or change.kind != FIXED)
            display.done(one_line(line_of(change, dry_run=arguments.dry_run)) if told else None)
            if told and arguments.verbose and change.kind != SKIPPED:
                wanted = {**one.finding.rule.options, **given}
                display.say(why(change.encode, change.after or 0, change.budget or 0, wanted))
    note_missing_extra(results)
    left = after(found, changes, dry_run=arguments.dry_run)
    if printed and not arguments.quiet:
        for line in ending(left):
            print(one_line(line))
    write_reports(left, [report for report in reports if report != ("text", None)])
    return _exit_code(found)
