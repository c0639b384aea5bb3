"""What matching found, for people and as JSON; and what the audit's report shares with it.

Names come from two systems and may hold anything, so nothing of them is taken for markup.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sync.engine.match_report import Ambiguous, MatchReport
from sync.model import Kind, Parked, System, clean, name_key
from sync.report.json_report import Write, json_text
from sync.report.words import and_more, cut, plain, short
from sync.store.pairs import ByNumber, Kept, Matches, OnlyHere

MOST_SHOWN = 10
MOST_IN_DETAIL = 5
NOUNS = {Kind.PACKAGE: "package", Kind.TITLE: "title", Kind.HOLDING: "holding"}
ALONE = {Kind.PACKAGE: "package", Kind.HOLDING: "title"}
"""What people call what only one side has: there a holding is a title of its package."""
WHAT_TO_DO = "Give them names of their own, or say which belong together: alma-folio-sync links import FILE"

T = TypeVar("T")


def match_text(report: MatchReport) -> RenderableType:
    """Return what matching found, as it is shown on a terminal."""
    parts: list[RenderableType] = [
        Panel(Text(f"Match {report.run_id} · {report.pair} · Alma ⇄ FOLIO\n{_head(report)}"))
    ]
    if report.matched:
        parts.append(_matched(report.matched))
    if report.other_names.count:
        parts += [heading("Matched by their numbers, though the names differ: look at them"), *_other_names(report)]
    if report.ambiguous:
        parts.append(heading("Ambiguous: which belongs to which?"))
        parts += first(report.ambiguous, len(report.ambiguous), _ambiguous_lines)
        parts.append(plain("  What to do:", WHAT_TO_DO))
    parts += left_over(report.only, report.not_judged, report.parked)
    return Group(*parts)


def write_match_text(console: Console, report: MatchReport) -> None:
    """Write the whole report: the overview, then every record on its own line."""
    console.print(match_text(report))
    for one in report.other_names:
        names = (one.alma_id, one.alma_name, "=", one.folio_id, one.folio_name)
        console.print(plain("other name   ", *names), soft_wrap=True)
    for each in report.ambiguous:
        console.print(Group(*_ambiguous_lines(each)), soft_wrap=True)
    write_left_over(console, report.only, report.parked)


def write_match_json(write: Write, report: MatchReport) -> None:
    """Write the report as one object, record by record: its size does not matter."""
    matched = [
        {"kind": one.kind, "how": one.how, "records": one.records, "new": one.fresh, "before": one.records - one.fresh}
        for one in report.matched
    ]
    ambiguous = [
        {"name": one.name, "reason": one.reason, "what_to_do": WHAT_TO_DO, "alma": _sides(one.alma)}
        | {"folio": _sides(one.folio)}
        for one in report.ambiguous
    ]
    head = {"run_id": report.run_id, "pair": report.pair, "matched": matched, "ambiguous": ambiguous}
    write(json_text({**head, "not_judged": report.not_judged})[:-1])
    write_list(write, "other_names", report.other_names, _other_name_json)
    for system in System:
        write_list(write, f"only_in_{system}", report.only[system], only_here_json)
    write_list(write, "parked", report.parked, parked_json)
    write("}\n")


def _head(report: MatchReport) -> str:
    records = sum(one.records for one in report.matched)
    fresh = sum(one.fresh for one in report.matched)
    have = "has its" if records == 1 else "have their"
    together = f"{numbered(records, 'record')} of FOLIO {have} counterpart in Alma"
    lines = [f"{together}: {records - fresh:,} were linked before, {fresh:,} are linked now."]
    if report.ambiguous:
        names = numbered(len(report.ambiguous), "ambiguous name")
        lines.append(f"{names}: what bears them is not linked before a person says what belongs together.")
    return "\n".join([*lines, counted(report.only), "Nothing was written to Alma or FOLIO."])


def counted(only: Mapping[System, Kept[OnlyHere]]) -> str:
    """Return in a line how many packages and titles one side alone has."""
    parts = []
    for system in System:
        kinds = Counter(one.kind for one in only[system])
        words = [numbered(kinds[kind], noun) for kind, noun in ALONE.items() if kinds[kind]]
        parts.append(f"only in {system.label}: {' and '.join(words) or 'nothing'}")
    return f"O{'; '.join(parts)[1:]}."


def numbered(count: int, noun: str) -> str:
    """Return a number of things, in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _matched(matched: Sequence[Matches]) -> RenderableType:
    table = Table(title="Matched", title_justify="left", pad_edge=False)
    for name in ("What", "By"):
        table.add_column(name)
    for name in ("Before", "Now"):
        table.add_column(name, justify="right")
    for one in sorted(matched, key=lambda each: (list(Kind).index(each.kind), each.how)):
        before = one.records - one.fresh
        table.add_row(f"{NOUNS[one.kind]}s", cut(one.how), f"{before:,}", f"{one.fresh:,}")
    return table


def _other_names(report: MatchReport) -> list[RenderableType]:
    def lines(one: ByNumber) -> list[Text]:
        return [
            plain(f"  {one.alma_id}", short(one.alma_name)),
            plain(f"    = {one.folio_id}", short(one.folio_name), "" if one.fresh else "(linked before)"),
        ]

    return first(report.other_names, report.other_names.count, lines)


def _ambiguous_lines(one: Ambiguous) -> list[Text]:
    lines = [plain("  ?", short(one.name), one.reason)]
    for system, there in ((System.ALMA, one.alma), (System.FOLIO, one.folio)):
        lines += [plain(f"      {system.label} {key}", short(name)) for key, name in there.items()]
    return lines


# --- what the audit's report has too


def left_over(
    only: Mapping[System, Kept[OnlyHere]], not_judged: Sequence[str], parked: Sequence[Parked]
) -> Iterator[RenderableType]:
    """Yield what one side alone has, by package, what could not be judged, and what is parked."""
    for system in System:
        if only[system].count:
            yield _only_here(system, per_package(only[system]))
    if not_judged:
        yield heading("Not judged: not everything could be read")
        yield from first(not_judged, len(not_judged), lambda one: [plain("  ", one)])
    if parked:
        yield heading("Parked: these records cannot take part as they stand")
        yield from first(parked, len(parked), _parked_lines)


def write_left_over(console: Console, only: Mapping[System, Kept[OnlyHere]], parked: Sequence[Parked]) -> None:
    """Write each record that one side alone has, and each that is parked, on its own line."""
    for system in System:
        for one in only[system]:
            package = "" if one.kind is Kind.PACKAGE else one.package
            note = f"an open conflict ({one.conflict})" if one.conflict else ""
            about = (one.kind, one.id, one.name, *one.identifiers, package, one.reason, note)
            console.print(plain(f"only in {system.label:<5}", *about), soft_wrap=True)
    for each in parked:
        console.print(Group(*_parked_lines(each)), soft_wrap=True)


def per_package(kept: Iterable[OnlyHere]) -> list[tuple[str, bool, int]]:
    """Return of each package, by name, whether it is itself only here, and how many of its titles are."""
    names: dict[str, str] = {}
    whole: set[str] = set()
    titles: Counter[str] = Counter()
    for one in kept:
        names[one.package_id] = one.package
        if one.kind is Kind.PACKAGE:
            whole.add(one.package_id)
        else:
            titles[one.package_id] += 1
    ordered = sorted(names, key=lambda key: (name_key(names[key]), key))
    return [(names[key], key in whole, titles[key]) for key in ordered]


def _only_here(system: System, packages: Sequence[tuple[str, bool, int]]) -> RenderableType:
    table = Table(title=f"Only in {system.label}", title_justify="left", pad_edge=False)
    table.add_column("Package", overflow="fold", max_width=70)
    table.add_column("itself")
    table.add_column("titles", justify="right", no_wrap=True)
    for name, whole, titles in sorted(packages, key=lambda one: -one[2])[:MOST_SHOWN]:
        table.add_row(cut(name), "yes" if whole else "·", f"{titles:,}" if titles else "·")
    if len(packages) > MOST_SHOWN:
        table.add_row(Text(f"… and {len(packages) - MOST_SHOWN:,} more packages"), "", "")
    return table


def _parked_lines(one: Parked) -> list[Text]:
    where = one.system.label
    return [plain(f"  {where} {one.kind} {clean(one.key)}", one.name), plain("     ", f"{one.reason}.", one.advice)]


def first(items: Iterable[T], count: int, lines: Callable[[T], Sequence[Text]]) -> list[RenderableType]:
    """Return the lines of the first few items, and how many more there are."""
    parts: list[RenderableType] = []
    for number, one in enumerate(items):
        if number >= MOST_IN_DETAIL:
            parts.append(and_more(count - MOST_IN_DETAIL))
            break
        parts += lines(one)
    return parts


def write_list(write: Write, key: str, items: Iterable[T], as_json: Callable[[T], dict[str, Any]]) -> None:
    """Write a further key of an object whose writing has begun, with a list, one item a line."""
    write(f',"{key}":[')
    empty = True
    for one in items:
        write(("\n" if empty else ",\n") + json_text(as_json(one)))
        empty = False
    write("]" if empty else "\n]")


def only_here_json(one: OnlyHere) -> dict[str, Any]:
    """Return what one side alone has, as JSON shows it."""
    return {
        "kind": one.kind,
        "package": one.package,
        "name": one.name,
        "id": one.id,
        "identifiers": one.identifiers,
        "reason": one.reason,
        "conflict": one.conflict,
    }


def parked_json(one: Parked) -> dict[str, Any]:
    """Return a parked record as JSON shows it."""
    return {
        "system": one.system,
        "kind": one.kind,
        "id": one.key,
        "name": one.name,
        "reason": one.reason,
        "advice": one.advice,
    }


def _other_name_json(one: ByNumber) -> dict[str, Any]:
    return {
        "kind": Kind.TITLE,
        "alma_id": one.alma_id,
        "alma_name": one.alma_name,
        "folio_id": one.folio_id,
        "folio_name": one.folio_name,
        "new": one.fresh,
    }


def _sides(there: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"id": key, "name": name} for key, name in there.items()]


def heading(words: str) -> Text:
    """Return the line above a part of a report."""
    return Text(words, style="bold yellow")
