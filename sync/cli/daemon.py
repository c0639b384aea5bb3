"""daemon: keep pairs in step by their schedules."""

import asyncio
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sync.cli.options import global_options
from sync.cli.running import ExitCode, database_of, run_async, settings_of

if TYPE_CHECKING:
    from sync.settings import Settings


@click.command(
    "daemon",
    epilog="""\b
Examples:
  alma-folio-sync daemon
  alma-folio-sync --log-format json daemon
  kill -HUP PID      reads the configuration anew; a bad one is refused, and the old one stays
  kill PID           ends it, once what is under way has come to its end (20 seconds at most)

What each pair does, and when, stands in its section [pairs.NAME.schedule]; `status` shows the next runs. Several
daemons may work on one database: each due run is done once. State and numbers: [daemon] listen, by default
http://127.0.0.1:9464/metrics, /healthz and /readyz.

Exit codes: 0 ended as asked · 1 the configuration cannot be used""",
)
@global_options
@click.pass_context
def command(ctx: click.Context) -> int:
    """Keep pairs in step by their schedules, until it is told to end."""
    settings = settings_of(ctx)

    async def work() -> int:
        from sync.service.daemon import Daemon
        from sync.service.seen import seen
        from sync.service.watch import Watch

        async with database_of(settings) as database:
            daemon = Daemon(
                database=database, settings=settings, load=lambda: settings_of(ctx), watch=Watch(mail=settings.mail)
            )
            stopping = asyncio.Event()
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, stopping.set)
            loop.add_signal_handler(signal.SIGHUP, daemon.reload)
            async with seen(daemon, settings.daemon.listen):
                click.echo(_beginning(settings))
                await daemon.run(stopping)
        return ExitCode.DONE

    return run_async(ctx, work)


def _beginning(settings: "Settings") -> str:
    """Return what the daemon is about to do, and where it is seen."""
    now = datetime.now(UTC)
    scheduled = [(name, pair.schedule) for name, pair in sorted(settings.pairs.items()) if pair.schedule is not None]
    nexts = [
        f"{name} ({schedule.run}, next {schedule.begins(name, schedule.next_due(now)):%Y-%m-%d %H:%M} UTC)"
        for name, schedule in scheduled
    ]
    seen_at = f" State: http://{settings.daemon.listen}/readyz" if settings.daemon.listen else ""
    return f"Keeps in step: {', '.join(nexts)}.{seen_at}"
