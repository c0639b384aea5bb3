"""conflicts: what both sides changed differently; listed, shown, and decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sync.cli import asking
from sync.cli.options import NUMBER, format_option, global_options
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of
from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from sync.plan.three_way import Decision
    from sync.store.conflicts import Conflict

LIST = "alma-folio-sync conflicts list"


@click.group(
    "conflicts",
    epilog="""\b
Examples:
  alma-folio-sync conflicts list --undecided
  alma-folio-sync conflicts show 12
  alma-folio-sync conflicts resolve 12 --take folio""",
)
@global_options
def command() -> None:
    """List what both sides changed differently since they agreed, and decide which side is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which open conflicts are meant: those that fit all of what is given, and all when nothing is.

    `package` is a part of a package's name, `pattern` a title's whole name as a shell writes it: *, ? and [].
    """

    ids: frozenset[int] = frozenset()
    field: str = ""
    package: str = ""
    pattern: str = ""

    def __bool__(self) -> bool:
        return bool(self.ids or self.field or self.package or self.pattern)

    def of(self, conflicts: Sequence["Conflict"]) -> list["Conflict"]:
        """Return those that are meant, in their order."""
        return [one for one in conflicts if self._means(one)]

    def _means(self, one: "Conflict") -> bool:
        from fnmatch import fnmatchcase

        from sync.model import clean

        name, package = clean(one.name).casefold(), clean(one.package_name).casefold()
        return (
            (not self.ids or one.id in self.ids)
            and self.field in ("", one.field)
            and (not self.package or clean(self.package).casefold() in package)
            and (not self.pattern or fnmatchcase(name, clean(self.pattern).casefold()))
        )


_package_option = click.option("--package", default="", help="Only in packages with this text in their name.")
_field_option = click.option("--field", default="", help='Only of this field, such as url; "removal" for removals.')


@command.command(
    "list",
    epilog="""\b
Examples:
  alma-folio-sync conflicts list
  alma-folio-sync conflicts list --undecided --package "Harbour Online"
  alma-folio-sync conflicts list --field url --format json""",
)
@global_options
@_field_option
@_package_option
@click.option("--decided/--undecided", default=None, help="Only those that somebody decided, or only the others.")
@format_option
@click.pass_context
def list_(ctx: click.Context, field: str, package: str, decided: bool | None, form: str) -> int:
    """List the open conflicts by package and title: what both sides agreed on, and what each holds now.

    Until somebody decides, both sides stay as they are.
    """
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)
    selection = Selection(field=_known(field), package=package)

    async def work() -> int:
        from sync.store.conflicts import open_conflicts

        async with database_of(settings) as database:
            found = selection.of(await open_conflicts(database, pair, decided=decided))
        _show(found, form)
        if not found and form == "text":
            click.echo("No open conflicts are meant." if selection or decided is not None else "No open conflicts.")
        if any(one.decision is None for one in found):
            click.echo("Decide: alma-folio-sync conflicts resolve ID… --take alma|folio|keep", err=True)
        if any(one.decision for one in found):
            click.echo("What is decided stays listed until a sync has followed it.", err=True)
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "show",
    epilog="""\b
Examples:
  alma-folio-sync conflicts show 12
  alma-folio-sync conflicts show 12 --format json""",
)
@global_options
@click.argument("conflict_id", metavar="ID", type=NUMBER)
@format_option
@click.pass_context
def show(ctx: click.Context, conflict_id: int, form: str) -> int:
    """Show one conflict, and what each decision would do."""
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)

    async def work() -> int:
        from rich.console import Console

        from sync.report.conflicts import conflict_details
        from sync.store.conflicts import open_conflicts

        async with database_of(settings) as database:
            conflicts = await open_conflicts(database, pair)
        _require([conflict_id], conflicts)
        (found,) = Selection(ids=frozenset([conflict_id])).of(conflicts)
        if form == "json":
            _show([found], form)
        else:
            Console().print(conflict_details(found))
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "resolve",
    epilog="""\b
Examples:
  alma-folio-sync conflicts resolve 12 --take folio                    FOLIO is right: its value goes to Alma
  alma-folio-sync conflicts resolve 12 13 14 --take keep --yes         both stay as they are
  alma-folio-sync conflicts resolve --field url --package "Harbour Online" --take alma
  alma-folio-sync conflicts resolve --matching "Journal of *" --take alma
  alma-folio-sync conflicts resolve 12 --undo                          it waits for a decision again

\b
Where one side removed what the other edited (the field is "removal"), the side that is taken is followed:
  the one that removed it    it is removed on the other side as well, with the edits
  the one that edited it     it is made again where it was removed

Exit codes: 0 decided, or nothing to decide · 1 error, such as an unknown id; nothing was decided · 2 wrong usage""",
)
@global_options
@click.argument("ids", metavar="[ID]...", nargs=-1, type=NUMBER)
@click.option(
    "--take",
    type=click.Choice(["alma", "folio", "keep"], case_sensitive=False),
    help="Which side is right, or keep both.",
)
@_field_option
@_package_option
@click.option("--matching", default="", help='Only titles whose name looks so, such as "Journal of *".')
@click.option("--all", "everything", is_flag=True, help="All open conflicts.")
@click.option("--undo", is_flag=True, help="Take decisions back instead.")
@click.option("--yes", is_flag=True, help="Decide several without asking.")
@format_option
@click.pass_context
def resolve(  # noqa: PLR0913  (its options)
    ctx: click.Context,
    *,
    ids: tuple[int, ...],
    take: str | None,
    field: str,
    package: str,
    matching: str,
    everything: bool,
    undo: bool,
    yes: bool,
    form: str,
) -> int:
    """Decide conflicts; ids and options that select are combined: what is meant fits all of them.

    Writes to neither system: the next sync follows what was decided. A decision counts until either side's value
    changes again.
    """
    if undo == bool(take):
        raise click.UsageError("Say what was decided with --take alma, --take folio or --take keep; or --undo.")
    selection = Selection(ids=frozenset(ids), field=_known(field), package=package, pattern=matching)
    if not (selection or everything):
        raise click.UsageError(f"Say which: by their ids ({LIST}), --field, --package, --matching, or --all.")
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)

    async def work() -> int:
        from sync.plan.three_way import Decision
        from sync.store.conflicts import decide, open_conflicts

        decision = Decision(take) if take is not None else None
        async with database_of(settings) as database:
            conflicts = await open_conflicts(database, pair)
            _require(ids, conflicts)
            meant = [one for one in selection.of(conflicts) if not undo or one.decision]
            _refuse_to_keep_removals(meant, decision)
            if not await _agreed(meant, decision, yes=yes):
                click.echo("Nothing was decided.", err=True)
                return ExitCode.DONE
            chosen = [one.id for one in meant]
            await decide(database, pair, chosen, decision)
            now = Selection(ids=frozenset(chosen)).of(await open_conflicts(database, pair)) if chosen else []
        if form == "json":
            _show(now, form)
        _tell(now, decision)
        return ExitCode.DONE

    return run_async(ctx, work)


def _known(field: str) -> str:
    """Return the field, or refuse one that no conflict can be of."""
    from sync.plan.three_way import CONFLICT_FIELDS, REMOVAL

    known = sorted({*CONFLICT_FIELDS, REMOVAL})
    if field and field not in known:
        raise click.UsageError(f"--field: no conflict is of {field!r}; they are of: {', '.join(known)}.")
    return field


def _require(ids: Sequence[int], conflicts: Sequence["Conflict"]) -> None:
    if missing := sorted(set(ids) - {one.id for one in conflicts}):
        raise ConfigurationError(
            f"There is no open conflict {', '.join(map(str, missing))}; nothing was decided.",
            advice=f"List them with: {LIST}",
        )


def _refuse_to_keep_removals(meant: Sequence["Conflict"], decision: "Decision | None") -> None:
    from sync.report.conflicts import decisions_for

    refused = [one for one in meant if decision is not None and decision not in decisions_for(one)]
    if refused:
        raise ConfigurationError(
            f"One side removed what the other edited: conflict {', '.join(str(one.id) for one in refused)} cannot be "
            "kept on both sides; nothing was decided.",
            advice=f"Take alma or folio: what each does, says: alma-folio-sync conflicts show {refused[0].id}",
        )


async def _agreed(meant: Sequence["Conflict"], decision: "Decision | None", *, yes: bool) -> bool:
    """Return whether what is meant may be decided: several only after asking, or with `--yes`."""
    if len(meant) < 2 or yes:
        return True
    what = f"{len(meant):,} conflicts are meant"
    if not asking.on_terminal():
        raise ConfigurationError(
            f"{what}, and there is no terminal to ask on; nothing was decided.",
            advice=f"Look at them ({LIST}); then run conflicts resolve with --yes.",
        )
    from rich.console import Console

    from sync.cli.asking import confirm
    from sync.report.conflicts import conflicts_report, effects

    console = Console(stderr=True)
    console.print(conflicts_report(meant, console.width))
    click.echo("\n".join(effects(meant, decision)), err=True)
    return await confirm(f"{what}. Decide so?")


def _tell(decided: Sequence["Conflict"], decision: "Decision | None") -> None:
    from sync.report.conflicts import UNTIL, effects

    if not decided:
        click.echo("Nothing to decide: no open conflict is meant.", err=True)
        return
    click.echo("\n".join(effects(decided, decision)), err=True)
    click.echo("Nothing was written to Alma or FOLIO: the next sync follows it (alma-folio-sync sync).", err=True)
    if decision is not None:
        click.echo(UNTIL, err=True)


def _show(conflicts: Sequence["Conflict"], form: str) -> None:
    if form == "json":
        from sync.report.json_report import conflict_as_json, json_text

        click.echo(json_text({"conflicts": [conflict_as_json(one) for one in conflicts]}))
    elif conflicts:
        from rich.console import Console

        from sync.report.conflicts import conflicts_report

        console = Console()
        console.print(conflicts_report(conflicts, console.width))
