"""sandbox: the practice systems on local ports."""

from pathlib import Path

import click

from sync.cli.demo import DEFAULT_SEED
from sync.cli.options import global_options
from sync.cli.running import ExitCode, run_async


@click.group(
    "sandbox",
    epilog="""\b
Examples:
  alma-folio-sync sandbox serve
  alma-folio-sync sandbox serve --help""",
)
@global_options
def command() -> None:
    """Practice systems to rehearse with, on this machine only."""


@command.command(
    "serve",
    epilog="""\b
Examples:
  alma-folio-sync sandbox serve
  alma-folio-sync sandbox serve --portfolios 500 --requests-per-second 500 --seed 7
  alma-folio-sync sandbox serve --titles my-list.tsv""",
)
@global_options
@click.option("--alma-port", type=click.IntRange(0, 65535), default=8081, show_default=True, help="0: any free one.")
@click.option("--folio-port", type=click.IntRange(0, 65535), default=8082, show_default=True, help="0: any free one.")
@click.option("--portfolios", type=click.IntRange(30, 200_000), default=3000, show_default=True,
              help="How large the made-up library is.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 999_999), default=DEFAULT_SEED, show_default=True,
              help="Which library is made up: the same number, the same library.")  # fmt: skip
@click.option(
    "--titles",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Fill the practice Alma from this title list instead; may be repeated.",
)
@click.option(
    "--requests-per-second",
    type=click.IntRange(0, 1000),
    default=25,
    show_default=True,
    help="What the practice Alma permits, as the real one does; 0: no limit.",
)
@click.pass_context
def serve(
    ctx: click.Context,
    alma_port: int,
    folio_port: int,
    portfolios: int,
    seed: int,
    titles: tuple[Path, ...],
    requests_per_second: int,
) -> int:
    """Serve a practice Alma and a practice FOLIO until Ctrl-C, and print a configuration that leads to them."""

    async def work() -> int:
        from sync.sandbox.alma import READ_WRITE_KEY, AlmaSwitches, PracticeAlma
        from sync.sandbox.folio import FolioSwitches, PracticeFolio
        from sync.sandbox.kbart import library_from_title_lists
        from sync.sandbox.library import practice_knowledge_base, practice_library
        from sync.sandbox.serve import PracticeUrls
        from sync.sandbox.serve import serve as serve_both

        library = library_from_title_lists(titles) if titles else practice_library(seed=seed, portfolios=portfolios)
        alma = PracticeAlma(switches=AlmaSwitches(requests_per_second=requests_per_second))
        folio = PracticeFolio(switches=FolioSwitches())
        alma.load(library)
        folio.load(practice_knowledge_base(library, seed=seed))

        def ready(urls: PracticeUrls) -> None:
            click.echo(
                f"# The practice systems answer. Save this as alma-folio-sync.toml; Ctrl-C ends them.\n"
                f'[pairs.main.alma]\nbase_url = "{urls.alma}"\napi_key = "{READ_WRITE_KEY}"\n'
                f"requests_per_second = {requests_per_second}\n\n"
                f'[pairs.main.folio]\nbase_url = "{urls.folio}"\ntenant = "{folio.switches.tenant}"\n'
                f'username = "{folio.switches.username}"\npassword = "{folio.switches.password}"\n'
                f"requests_per_second = 100\nsettle_seconds = 1\n\n"
                f'[pairs.main.maps.proxies]\n"EZPROXY" = "EZProxy"'
            )

        await serve_both(alma, folio, alma_port=alma_port, folio_port=folio_port, ready=ready)
        return ExitCode.DONE

    return run_async(ctx, work)
