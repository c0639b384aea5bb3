"""daemon: keep pairs in step by their schedules."""

import asyncio
import signal

import click

from sync.cli.options import global_options
from sync.cli.running import ExitCode, database_of, run_async, settings_of


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
                await daemon.run(stopping)
        return ExitCode.DONE

    return run_async(ctx, work)
