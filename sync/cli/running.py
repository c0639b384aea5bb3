"""How a command runs and ends: the event loop, the errors with their advice, the exit codes of the contract."""

import errno
import io
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sync.cli.options import globals_of
from sync.errors import BugError, ConfigurationError, GuardError, LockedError, QuotaError, SyncError, UnreachableError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.settings import Pair, Settings

T = TypeVar("T")


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    CHANGES = 3
    STOPPED_BY_GUARD = 4
    LOCKED = 5
    PAUSED = 6
    SOME_FAILED = 7


EXIT_CODES: dict[type[SyncError], ExitCode] = {
    GuardError: ExitCode.STOPPED_BY_GUARD,
    LockedError: ExitCode.LOCKED,
    QuotaError: ExitCode.PAUSED,
}


def run_and_exit(cli: Callable[..., Any]) -> int:
    """Run the command line and return its exit code; errors are printed with their advice."""
    _make_every_letter_printable()
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Exit as asked:
        return asked.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What was written is recorded; run the same command again to go on.", err=True)
        return ExitCode.ERROR
    except SyncError as error:
        return _explain(error)
    except Exception as error:  # noqa: BLE001  (the last one to see it: a person shall not be shown a traceback)
        known = _no_space(error) or _database_lost(error)
        return _explain(known) if known else _explain_bug(error)
    return int(code or 0)


def _make_every_letter_printable() -> None:
    """Files and pipes get UTF-8 whatever the locale; a terminal that lacks a letter is shown its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def _explain(error: SyncError) -> int:
    from sync.logs import printable
    from sync.transport.redaction import scrub

    click.echo(printable(scrub(f"Error: {error.message}")), err=True)
    click.echo(printable(scrub(f"What to do: {error.advice}")), err=True)
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), ExitCode.ERROR)


def _no_space(error: Exception) -> SyncError | None:
    """Return what to tell when a disk is full, None when it was something else."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    where = f" for {error.filename}" if error.filename else ""
    return ConfigurationError(
        f"There is no space left{where}: {error.strerror}.",
        advice="Free some space. What was written to Alma or FOLIO is recorded; how far it got: alma-folio-sync runs",
    )


def _database_lost(error: Exception) -> SyncError | None:
    """Return what to tell when the database went away in the middle, None when it was something else."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import InterfaceError, OperationalError

    if not isinstance(error, OperationalError | InterfaceError):
        return None
    return UnreachableError(
        f"The database went away: {str(error.orig).strip().splitlines()[0] if error.orig else 'no answer'}",
        advice="See that it runs, then run the same command again: what was written is recorded, or will be found.",
    )


def _explain_bug(error: Exception) -> int:
    import structlog

    from sync.logs import configure_logging
    from sync.transport.redaction import scrub

    if not structlog.is_configured():
        configure_logging()  # structlog as it comes shows every local variable, and with them every secret
    structlog.get_logger(__name__).error("unexpected error", action="cli.bug", exc_info=True)
    return _explain(BugError(f"{type(error).__name__}: {scrub(str(error))}"))


def run_async(ctx: click.Context, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a command's work; SIGTERM ends it as Ctrl-C does, with everything recorded."""
    import asyncio

    from sync.logs import configure_logging

    found = globals_of(ctx)
    configure_logging(level=found.log_level, form="json" if found.log_format == "json" else "text")

    async def whole() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        if task is not None and sys.platform != "win32":
            loop.add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    try:
        return asyncio.run(whole())
    except asyncio.CancelledError:
        raise click.Abort from None


def settings_of(ctx: click.Context) -> "Settings":
    """Return the configuration named by the global options, its secrets struck out of every text from now on."""
    from sync.settings import load_settings
    from sync.transport.redaction import register_secret

    settings = load_settings(globals_of(ctx).config)
    for pair in settings.pairs.values():
        register_secret(pair.alma.api_key)
        register_secret(pair.folio.password)
    if settings.mail is not None:
        register_secret(settings.mail.password)
    if settings.database.url is not None:
        register_secret(settings.database.url)
        for part in _password_parts(settings.database.url.get_secret_value()):
            register_secret(part)
    return settings


def _password_parts(url: str) -> tuple[str, ...]:
    """Return a database's password, decoded, and its parts where an @ in it makes a part look like a host."""
    from urllib.parse import unquote

    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return (unquote(password), *password.split("@"))


def pair_of(ctx: click.Context, settings: "Settings") -> tuple[str, "Pair"]:
    """Return the pair named by the global options."""
    return settings.pair(globals_of(ctx).pair)


@asynccontextmanager
async def database_of(settings: "Settings") -> AsyncIterator["AsyncEngine"]:
    """Yield the configured database, its schema up to date."""
    from sync.store.database import open_database

    async with open_database(settings.database) as database:
        yield database
