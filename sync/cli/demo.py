"""demo: the whole story on the practice systems; no configuration, no accounts, nothing outside this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import global_options
from sync.cli.running import ExitCode, database_of, run_async

if TYPE_CHECKING:
    from rich.console import Console

    from sync.sandbox.process import PracticeProcess, PracticeSetup
    from sync.settings import Settings

PRACTICE_RATE = 500
SETTLE_SECONDS = 5
PAIR = "demo"
DEFAULT_SEED = 2026


@click.command(
    "demo",
    epilog="""\b
Examples:
  alma-folio-sync demo
  alma-folio-sync demo --portfolios 500 --seed 7
  alma-folio-sync demo --titles my-list.tsv other-list.csv    your own KBART files

Exit codes: 0 everything moved or was listed with its reason · 1 error · 7 something failed that should not have""",
)
@global_options
@click.option(
    "--titles",
    "titles",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Fill the practice Alma from a title list (KBART or alike) instead; several may follow.",
)
@click.argument("more_titles", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--portfolios", type=click.IntRange(30, 200_000), default=3000, show_default=True,
              help="How large the made-up library is.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 999_999), default=DEFAULT_SEED, show_default=True,
              help="Which library is made up: the same number, the same library.")  # fmt: skip
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".alma-folio-sync/demo"),
    show_default=True,
    help="Where the demo keeps its database and reports.",
)
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Save what is shown as an SVG file.")
@click.pass_context
def command(
    ctx: click.Context,
    titles: tuple[Path, ...],
    more_titles: tuple[Path, ...],
    portfolios: int,
    seed: int,
    data_dir: Path,
    picture: Path | None,
) -> int:
    """Rehearse a whole migration from Alma to FOLIO on practice systems that run on this machine."""
    if more_titles and not titles:
        raise click.UsageError(f"Name title lists after --titles: alma-folio-sync demo --titles {more_titles[0]}")

    async def work() -> int:
        from rich.console import Console

        from sync.sandbox.process import PracticeProcess

        setup = practice_setup((*titles, *more_titles), portfolios, seed)
        click.echo("Starting the practice Alma, the practice FOLIO and the embedded Postgres on this machine …")
        async with PracticeProcess(setup) as practice:
            console = Console(record=picture is not None, width=110 if picture else None)
            code = await tell_the_story(console, practice, practice_settings(practice, data_dir), data_dir)
            if picture is not None:
                console.save_svg(str(picture), title="alma-folio-sync demo")
            return code

    return run_async(ctx, work)


def practice_setup(titles: tuple[Path, ...], portfolios: int, seed: int) -> "PracticeSetup":
    """Return practice systems filled from title lists, or with a made-up library."""
    from sync.sandbox.alma import AlmaSwitches
    from sync.sandbox.folio import FolioSwitches
    from sync.sandbox.kbart import library_from_title_lists
    from sync.sandbox.library import practice_knowledge_base, practice_library
    from sync.sandbox.process import PracticeSetup

    library = library_from_title_lists(titles) if titles else practice_library(seed=seed, portfolios=portfolios)
    for warning in library.warnings[:10]:
        click.echo(f"  {warning}")
    if len(library.warnings) > 10:
        click.echo(f"  … and {len(library.warnings) - 10:,} more remarks on the title lists")
    return PracticeSetup(
        alma=AlmaSwitches(requests_per_second=PRACTICE_RATE, daily_calls=10_000_000),
        folio=FolioSwitches(requests_per_second=PRACTICE_RATE, daily_calls=0),
        library=library,
        knowledge_base=practice_knowledge_base(library, seed=seed),
    )


def practice_settings(practice: "PracticeProcess", data_dir: Path) -> "Settings":
    """Return a configuration that leads to the practice systems."""
    from sync.sandbox.alma import READ_WRITE_KEY
    from sync.sandbox.folio import FolioSwitches
    from sync.settings import Settings

    switches = FolioSwitches()
    return Settings.model_validate(
        {
            "database": {"data_dir": data_dir},
            "pairs": {
                PAIR: {
                    "alma": {
                        "base_url": practice.alma_url,
                        "api_key": READ_WRITE_KEY,
                        "requests_per_second": PRACTICE_RATE,
                    },
                    "folio": {
                        "base_url": practice.folio_url,
                        "tenant": switches.tenant,
                        "username": switches.username,
                        "password": switches.password,
                        "requests_per_second": PRACTICE_RATE,
                        "daily_calls": 0,
                        "daily_reserve": 0,
                        "settle_seconds": SETTLE_SECONDS,
                    },
                    "maps": {"proxies": {"EZPROXY": "EZProxy"}, "notes": {"public_note": "userDefinedField1"}},
                }
            },
        }
    )


async def tell_the_story(console: "Console", practice: "PracticeProcess", settings: "Settings", data_dir: Path) -> int:
    """Run diff, migrate and migrate again, and say what happened."""
    from sync.cli.progress import ConsoleProgress
    from sync.cli.reporting import show_plan, show_result, write_reports
    from sync.engine.migrate import diff, migrate
    from sync.store.plans import PlanInfo
    from sync.store.standing import forget_pair

    name, pair = settings.pair(PAIR)
    console.print(
        f"Practice Alma at {practice.alma_url}, practice FOLIO at {practice.folio_url}.\n"
        f"For this demo both allow {PRACTICE_RATE} requests a second and any number a day; a real Alma allows 25.",
        highlight=False,
        soft_wrap=True,
    )

    async def yes(_: PlanInfo) -> bool:
        return True

    async with database_of(settings) as database:
        await forget_pair(database, name)
        console.rule("1. diff: what would move (nothing is written)")
        with ConsoleProgress(console) as progress:
            planned = await diff(database, name, pair, progress)
        await show_plan(database, planned.plan, console)
        console.rule("2. migrate: write, read back, verify")
        with ConsoleProgress(console) as progress:
            moved = await migrate(database, name, pair, progress, yes)
        await show_result(database, moved.plan, console)
        report = await write_reports(database, moved, data_dir / "reports")
        result = moved.result
        console.rule("3. migrate again: nothing may be left to do")
        with ConsoleProgress(console) as progress:
            again = await migrate(database, name, pair, progress, yes)
    if result is None or again.result is None:
        return ExitCode.ERROR
    failed = result.failed - result.parked
    console.print(
        f"\nMoved: {result.verified:,} of {moved.plan.summary.writes:,} changes were written, read back and found "
        f"equal to what was meant.\nNot moved: {failed:,} failed, {result.skipped:,} skipped, {moved.parked:,} parked "
        "(bad records, each in the report with what to do).\n"
        f"The second migrate wrote {again.result.applied:,} records: "
        f"{again.plan.summary.unchanged:,} were compared and agree.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"\nThe whole report: {report} (the same as JSON beside it)\n\nTry next:\n"
        "  alma-folio-sync demo --titles YOUR-LIST.tsv   rehearse with your own KBART title list\n"
        "  alma-folio-sync sandbox serve                 keep the practice systems running, and try every command\n"
        "  alma-folio-sync init                          write a configuration for your own Alma and FOLIO",
        highlight=False,
        markup=False,
    )
    clean = not failed and not result.skipped and not again.plan.summary.writes
    return ExitCode.DONE if clean else ExitCode.SOME_FAILED
