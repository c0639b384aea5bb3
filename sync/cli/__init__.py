"""The command line: one file per command, which parses, calls the engine and prints. No logic.

Importing this module is cheap: each command's module is imported only when that command runs.
"""

import importlib
import sys

import click

from sync.cli.options import global_options

COMMANDS = {
    "demo": ("sync.cli.demo", "Rehearse a whole migration on practice systems; needs no configuration."),
    "init": ("sync.cli.init", "Write a commented configuration file to begin with."),
    "check": ("sync.cli.check", "Prove that keys, rights, quota, database and clocks are fine."),
    "match": ("sync.cli.match", "Link the records that belong together, and report it; writes to neither system."),
    "diff": ("sync.cli.diff", "Show what a migration would change; writes to neither system."),
    "migrate": ("sync.cli.migrate", "Move holdings from one system to the other, after asking."),
    "sync": ("sync.cli.sync", "Bring both systems to agree, once: both may have changed."),
    "conflicts": ("sync.cli.conflicts", "List what both sides changed differently, and decide which side is right."),
    "plans": ("sync.cli.plans", "List the plans that were made, and what each one waits for."),
    "plan": ("sync.cli.plan", "Show a stored plan, approve it, let changes through or hold them back."),
    "apply": ("sync.cli.apply", "Carry a stored plan out, once."),
    "undo": ("sync.cli.undo", "Take back what a run wrote, by a plan like any other."),
    "audit": ("sync.cli.audit", "List every difference that no rule explains; writes to neither system."),
    "runs": ("sync.cli.runs", "List what was run; show one run, and what it took."),
    "status": ("sync.cli.status", "Show what waits: quota, open writes, the last run."),
    "links": ("sync.cli.links", "List which records belong together; export, correct and import them."),
    "daemon": ("sync.cli.daemon", "Keep pairs in step by their schedules, until it is told to end."),
    "sandbox": ("sync.cli.sandbox", "Serve the practice Alma and the practice FOLIO on this machine."),
    "db": ("sync.cli.db", "Look after the database: its schema, and what is forgotten."),
}

EPILOG = """\b
Examples:
  alma-folio-sync demo                              rehearse, nothing needed
  alma-folio-sync init                              write alma-folio-sync.toml
  alma-folio-sync check                             try keys and rights
  alma-folio-sync diff --from alma --to folio       see what would move
  alma-folio-sync migrate --from alma --to folio    move it
"""


class _LazyGroup(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"alma-folio-sync {version('alma-folio-sync')}")
        except PackageNotFoundError:
            click.echo("alma-folio-sync (not installed as a package)")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@global_options
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def cli() -> None:
    """Move and keep in step a library's electronic holdings between Ex Libris Alma and FOLIO eHoldings."""


def main() -> None:
    """Run the command line; the exit codes are those of the contract (`alma-folio-sync COMMAND --help`)."""
    from sync.cli.running import run_and_exit

    sys.exit(run_and_exit(cli))
