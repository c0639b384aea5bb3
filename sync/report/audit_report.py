"""What an audit found, for people and as JSON. Nothing of the names and values is taken for markup."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from sync.engine.audit import AuditReport
from sync.model import Kind, System, clean
from sync.plan.audit import Difference
from sync.report.json_report import Write, json_text
from sync.report.match_report import (
    counted,
    heading,
    left_over,
    numbered,
    only_here_json,
    parked_json,
    write_left_over,
    write_list,
)
from sync.report.words import and_more, plain, value_words

MOST_DIFFERENCES = 20
MOST_REASONS = 12
NOUNS = {Kind.PACKAGE: "package", Kind.TITLE: "custom title", Kind.HOLDING: "holding"}


def audit_text(report: AuditReport) -> RenderableType:
    """Return what an audit found, as it is shown on a terminal."""
    shown = list(islice(report.differences, MOST_DIFFERENCES))
    more = report.differences.count - len(shown)
    parts: list[RenderableType] = [_head(report), *_by_package(shown)]
    parts += [and_more(more)] if more else []
    return Group(*parts, *_rest(report))


def write_audit_text(console: Console, report: AuditReport) -> None:
    """Write the whole report: every difference and every record of one side only, however many there are."""
    console.print(_head(report))
    for line in _by_package(report.differences):
        console.print(line, soft_wrap=True)
    console.print(Group(*_rest(report)))
    write_left_over(console, report.only, report.parked)


def write_audit_json(write: Write, report: AuditReport) -> None:
    """Write the report as one object, difference by difference: its size does not matter."""
    tally = report.tally
    not_compared: dict[str, dict[str, int]] = {}
    for (kind, field), count in sorted(tally.not_compared.items()):
        not_compared.setdefault(kind, {})[field] = count
    explained = [
        {"field": one.field, "reason": one.reason, "count": count}
        for one, count in sorted(tally.explained.items(), key=lambda item: (-item[1], item[0]))
    ]
    head = {
        "run_id": report.run_id,
        "pair": report.pair,
        "compared": {kind: tally.compared[kind] for kind in NOUNS},
        "explained": explained,
        "not_compared": not_compared,
        "not_judged": report.not_judged,
    }
    write(json_text(head)[:-1])
    write_list(write, "differences", report.differences, _difference_json)
    for system in System:
        write_list(write, f"only_in_{system}", report.only[system], only_here_json)
    write_list(write, "parked", report.parked, parked_json)
    write("}\n")


def _head(report: AuditReport) -> RenderableType:
    packages, titles, holdings = (numbered(report.tally.compared[kind], noun) for kind, noun in NOUNS.items())
    found = report.differences.count
    lines = [
        f"Audit {report.run_id} · {report.pair} · Alma ⇄ FOLIO",
        f"Compared on both sides: {packages}, {titles} and {holdings}.",
        f"{numbered(found, 'difference') if found else 'No difference'} that no rule explains.",
        counted(report.only),
    ]
    if report.read_singly:
        lines.append(f"Read singly in FOLIO: {sum(report.read_singly.values()):,} records, one of EBSCO's calls each.")
    return Panel(Text("\n".join([*lines, "Nothing was written to Alma or FOLIO."])))


def _rest(report: AuditReport) -> list[RenderableType]:
    left = left_over(report.only, report.not_judged, report.parked)
    return [*left, *_explained(report), *_not_compared(report)]


def _by_package(differences: Iterable[Difference]) -> Iterator[Text]:
    """Yield differences below the names of their packages."""
    for (kind, package), found in groupby(differences, key=lambda one: (one.kind, one.package)):
        yield heading(f"Differences in {clean(package)}" if kind is not Kind.TITLE else "Differences in custom titles")
        for one in found:
            yield from _difference_lines(one)


def _difference_lines(one: Difference) -> list[Text]:
    conflict = f"an open conflict ({one.conflict})" if one.conflict is not None else ""
    return [
        plain(f"  ! {one.kind}", one.name, f"{one.alma_id} = {one.folio_id}", conflict),
        plain(f"      {one.field}  in Alma: ", value_words(one.alma)),
        plain(f"      {' ' * len(one.field)}  in FOLIO:", value_words(one.folio)),
    ]


def _explained(report: AuditReport) -> list[RenderableType]:
    explained = sorted(report.tally.explained.items(), key=lambda item: (-item[1], item[0]))
    if not explained:
        return []
    lines = [plain(f"  {count:>6,} × {one.field}:", one.reason) for one, count in explained[:MOST_REASONS]]
    more = len(explained) - MOST_REASONS
    lines += [Text(f"  … and {more:,} more reasons")] if more > 0 else []
    return [Text("Explained: what may differ, or one side cannot hold", style="italic"), *lines]


def _not_compared(report: AuditReport) -> list[RenderableType]:
    counts = report.tally.not_compared
    if not counts:
        return []
    lines = [
        plain(f"  {NOUNS[kind]}s:", ", ".join(f"{field} ({counts[kind, field]:,})" for field in fields))
        for kind in NOUNS
        if (fields := sorted(name for each, name in counts if each is kind))
    ]
    words = "Not compared: FOLIO's lists do not tell it; --in-full reads each record singly (one of EBSCO's calls each)"
    return [Text(words, style="italic"), *lines]


def _difference_json(one: Difference) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "package": one.package,
        "name": one.name,
        "field": one.field,
        "alma": one.alma,
        "folio": one.folio,
        "alma_id": one.alma_id,
        "folio_id": one.folio_id,
        "conflict": one.conflict,
    }
