"""links: which records belong together; listed, exported as a file, and corrected by one."""

from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli import asking
from sync.cli.options import F, format_option, global_options
from sync.cli.output import output_file
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of
from sync.errors import ConfigurationError

if TYPE_CHECKING:
    from sync.engine.crosswalk import Imported
    from sync.store.crosswalk import NamedLink, Proposal, Search

KINDS = ["package", "title", "holding", "service"]
FIRST_CONTACT = (
    "Nothing was written to Alma or FOLIO. On these records both sides never agreed so far: the next sync takes them "
    "for records that meet for the first time, and those without a link are matched anew."
)


@click.group(
    "links",
    epilog="""\b
Examples:
  alma-folio-sync links list --kind package
  alma-folio-sync links export --output links.csv
  alma-folio-sync links import corrected.csv""",
)
@global_options
def command() -> None:
    """List which records of Alma and FOLIO belong together; export, correct and import them."""


def _search_options(function: F) -> F:
    function = click.option("--name", default="", help="Only records with this text in their name.")(function)
    function = click.option("--package", default="", help="Only what is in packages with this text in their name.")(
        function
    )
    return _kind_option(function)


def _kind_option(function: F) -> F:
    return click.option("--kind", type=click.Choice(KINDS), help="Only records of this kind.")(function)


@command.command(
    "list",
    epilog="""\b
Examples:
  alma-folio-sync links list
  alma-folio-sync links list --kind holding --package "Harbour Online" --limit 500
  alma-folio-sync links list --name "harbour studies" --format json""",
)
@global_options
@_search_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@format_option
@click.pass_context
def list_(ctx: click.Context, kind: str | None, package: str, name: str, limit: int, form: str) -> int:
    """List links, with what matched them and whether both sides ever agreed.

    Names are those of the newest reading; a portfolio goes by the name of its title. Several records of Alma may be
    one of FOLIO.
    """
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)

    async def work() -> int:
        from sync.report.json_report import json_text
        from sync.store.crosswalk import named_links

        found: list[NamedLink] = []
        async with (
            database_of(settings) as database,
            aclosing(named_links(database, pair, _search([kind] if kind else KINDS, package, name))) as links,
        ):
            async for one in links:
                found.append(one)
                if len(found) > limit:
                    break
        more, found = len(found) > limit, found[:limit]
        if form == "json":
            click.echo(json_text({"pair": pair, "links": [_as_json(one) for one in found], "more": more}))
            return ExitCode.DONE
        for one in found:
            click.echo(_line(one))
        if more:
            click.echo("There are more: raise --limit, or write them all with: alma-folio-sync links export", err=True)
        if not found:
            click.echo("No links. A migration makes them: alma-folio-sync migrate --from alma --to folio", err=True)
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "export",
    epilog="""\b
Examples:
  alma-folio-sync links export --output links.csv
  alma-folio-sync links export --kind holding > holdings.csv
  alma-folio-sync links export --kind service --output services.csv""",
)
@global_options
@_kind_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.pass_context
def export(ctx: click.Context, kind: str | None, output: Path | None) -> int:
    """Write the links as a CSV file, to be corrected and imported.

    It is in UTF-8, with the columns kind, alma_id, folio_id, how, package and name. Services, which FOLIO does not
    have, are left out unless asked for. A text that a spreadsheet would take for a formula gets an apostrophe before
    it; import takes it away again.
    """
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)

    async def work() -> int:
        from sync.logs import printable
        from sync.plan.crosswalk import COLUMNS
        from sync.plan.crosswalk import KINDS as CORRECTABLE
        from sync.report.cells import line_of
        from sync.store.crosswalk import named_links

        search = _search([kind] if kind else CORRECTABLE)
        async with database_of(settings) as database, aclosing(named_links(database, pair, search)) as links:
            with output_file(output, newline="") as file:
                file.write(line_of(COLUMNS))
                async for one in links:
                    cells = (one.kind, one.alma_id, one.folio_id, one.how, one.package, one.name)
                    file.write(line_of(printable(cell).replace("\n", " ") for cell in cells))
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "import",
    epilog="""\b
Examples:
  alma-folio-sync links import corrected.csv          shows what would change and asks
  alma-folio-sync links import corrected.csv --yes    does not ask

\b
A row of the file                                what it does
  kind, alma_id, the same folio_id as before     nothing
  kind, alma_id, another folio_id                links the record of Alma to that of FOLIO instead
  kind, alma_id, an empty folio_id               separates the two: they are not the same

The columns how, package and name may stand there and are not read. Links that the file does not name stay.
Commas, semicolons or tabs may stand between the cells, as spreadsheets write them.

Exit codes: 0 done, or nothing to do · 1 error, such as a wrong row; nothing was changed · 5 another run is at work""",
)
@global_options
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Take the file over without asking.")
@format_option
@click.pass_context
def import_(ctx: click.Context, file: Path, yes: bool, form: str) -> int:
    """Correct links by a file like the one that export writes.

    It is taken over as a whole or, with anything wrong in it, not at all. Writes to neither system. A changed link has
    no past: the next sync takes both records for such that meet for the first time.
    """
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)
    if not yes and not asking.on_terminal():
        raise ConfigurationError(
            "links import changes which records belong together, and there is no terminal to ask on.",
            advice="Look at the file first; then run links import with --yes.",
        )

    async def confirm(proposal: "Proposal") -> bool:
        from sync.cli.asking import confirm as ask

        for line in _words(proposal):
            click.echo(line, err=True)
        return yes or await ask("Take this file over?")

    async def work() -> int:
        from sync.engine.crosswalk import import_links
        from sync.report.cells import read_rows

        async with database_of(settings) as database:
            _show(await import_links(database, pair, read_rows(file), confirm), form)
        return ExitCode.DONE

    return run_async(ctx, work)


def _search(kinds: Iterable[str], package: str = "", name: str = "") -> "Search":
    from sync.model import Kind
    from sync.store.crosswalk import Search

    return Search(kinds=[Kind(one) for one in kinds], package=package, name=name)


def _as_json(one: "NamedLink") -> dict[str, Any]:
    return {
        "kind": one.kind,
        "alma_id": one.alma_id,
        "folio_id": one.folio_id,
        "how": one.how,
        "package": one.package,
        "name": one.name,
        "agreed": one.agreed,
        "made_at": one.made_at,
    }


def _line(one: "NamedLink") -> str:
    from sync.logs import printable

    parts = [
        f"{one.kind:<7}",
        f"{one.alma_id} = {one.folio_id}",
        one.name,
        f"in {one.package}" if one.package and one.kind in ("holding", "service") else "",
        one.how,
        "agreed" if one.agreed else "never agreed",
        f"{one.made_at:%Y-%m-%d %H:%M}",
    ]
    return printable("  ".join(part for part in parts if part)).replace("\n", " ")


def _words(proposal: "Proposal") -> list[str]:
    parts = (
        (proposal.set, "set"),
        (proposal.changed, "changed"),
        (proposal.separated, "separated"),
        (proposal.unchanged, "as before"),
    )
    lines = ["Links: " + (", ".join(f"{number:,} {word}" for number, word in parts if number) or "none in the file")]
    if proposal.left_behind:
        lines.append(
            f"{proposal.left_behind:,} linked holdings that the file does not name stay in the former package or under "
            "the former title of these records. Name them too, with an empty folio_id to have them matched anew: "
            "alma-folio-sync links export --kind holding"
        )
    return lines


def _show(imported: "Imported", form: str) -> None:
    from sync.report.json_report import json_text

    proposal = imported.proposal
    if form == "json":
        numbers = {
            "set": proposal.set,
            "changed": proposal.changed,
            "separated": proposal.separated,
            "unchanged": proposal.unchanged,
            "left_behind": proposal.left_behind,
        }
        click.echo(json_text({"run_id": imported.run_id, "approved": not imported.declined, **numbers}))
    if imported.declined:
        click.echo("Nothing was changed: the file was not approved.", err=True)
    elif not proposal.changes:
        click.echo(f"Nothing to change: {proposal.unchanged:,} links are as the file says.", err=True)
    else:
        click.echo(FIRST_CONTACT, err=True)
