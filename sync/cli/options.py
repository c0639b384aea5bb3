"""Options that several commands share. The global ones may stand before or after the command."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sync.engine.plan import Wanted
    from sync.settings import Pair

NUMBER = click.IntRange(1, 2**63 - 1)
"""The number of a plan, a run or a conflict, as far as the database counts."""

F = TypeVar("F", bound=Callable[..., Any])

GLOBAL_KEY = "alma_folio_sync.globals"


@dataclass(slots=True)
class Globals:
    """The global options as given."""

    config: Path | None = None
    pair: str | None = None
    log_level: str = "warning"
    log_format: str = "text"


def globals_of(ctx: click.Context) -> Globals:
    """Return the global options, wherever they stood."""
    found: Globals = ctx.find_root().meta.setdefault(GLOBAL_KEY, Globals())
    return found


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None:
            setattr(globals_of(ctx), name, value)

    return keep


def global_options(command: F) -> F:
    """Add the options every command takes."""
    options = [
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            callback=_keep("config"),
            expose_value=False,
            help="Configuration file  [default: $ALMA_FOLIO_SYNC_CONFIG, else ./alma-folio-sync.toml]",
        ),
        click.option(
            "--pair",
            callback=_keep("pair"),
            expose_value=False,
            help="Which pair of the configuration  [default: the only one]",
        ),
        click.option(
            "--log-level",
            type=click.Choice(["debug", "info", "warning", "error"]),
            callback=_keep("log_level"),
            expose_value=False,
            help="How much to log to standard error  [default: warning]",
        ),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            callback=_keep("log_format"),
            expose_value=False,
            help="Log for people or for machines  [default: text]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Print for people, or one JSON object.",
)

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the whole report to this file instead of printing it.",
)


read_again_option = click.option(
    "--read-again",
    is_flag=True,
    help="Begin with fresh readings and a new plan, also where an interrupted run left a plan half done.",
)


def direction_options(command: F) -> F:
    """Add --from and --to."""
    systems = click.Choice(["alma", "folio"])
    command = click.option("--to", "target", type=systems, required=True, help="The system that is written to.")(
        command
    )
    return click.option("--from", "source", type=systems, required=True, help="The system that is read.")(command)


def way_options(command: F) -> F:
    """Add --from, --to and --both: either the first two, or the last."""
    systems = click.Choice(["alma", "folio"])
    command = click.option(
        "--both", is_flag=True, help="Both ways, as sync goes; removals within the limits included."
    )(command)
    command = click.option("--to", "target", type=systems, help="The system that is written to.")(command)
    return click.option("--from", "source", type=systems, help="The system that is read.")(command)


def removal_options(command: F) -> F:
    """Add --remove and --max-removals."""
    command = click.option(
        "--max-removals",
        type=click.IntRange(min=0),
        help="With --remove: approve up to so many removals  [default: the limits of the configuration]",
    )(command)
    return click.option(
        "--remove", is_flag=True, help="Also remove at the target what is gone at the source (off by default)."
    )(command)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for: which way, and whether up to so many removals (None: as configured).

    Both ways removals are part of the plan.

    Raises:
        click.UsageError: for directions that make no sense, and a ceiling of removals that nobody asked for.
    """

    source: str | None
    target: str | None
    remove: bool
    max_removals: int | None
    both: bool = False

    def __post_init__(self) -> None:
        if self.both:
            if self.source or self.target or self.remove:
                raise click.UsageError("--both goes both ways, removals included: without --from, --to and --remove.")
            return
        if not (self.source and self.target):
            raise click.UsageError("Say which way: --from alma --to folio, --from folio --to alma, or --both.")
        if self.source == self.target:
            raise click.UsageError(f"--from and --to are both {self.source}; name the other system in one of them.")
        if self.max_removals is not None and not self.remove:
            raise click.UsageError("--max-removals says how many may be removed, and goes with --remove.")


def wanted_of(asked: Asked, pair: "Pair") -> "Wanted":
    """Return what a run is to plan, by what was asked for and the configuration's limits."""
    from sync.engine.plan import Wanted
    from sync.model import System
    from sync.plan.direction import Direction

    policy = pair.policy
    if asked.both:
        return Wanted.both(policy, approved=asked.max_removals)
    limits = policy.removal_limits(asked.max_removals)
    direction = Direction.between(System(asked.source or ""), System(asked.target or ""))
    return Wanted(direction=direction, removals=limits if asked.remove else None)
