"""Asking a person on the terminal, in such a way that Ctrl-C and SIGTERM end the waiting at once."""

import asyncio
import os
import sys

import click

LONGEST_LINE = 4096


def on_terminal() -> bool:
    """Return whether a person is there to be asked: some schedulers start programs without any standard input."""
    return all(one is not None and one.isatty() for one in (sys.stdin, sys.stderr))


async def confirm(question: str) -> bool:
    """Return whether the person says yes. Enter alone, or the end of the input, is a no.

    Not click's own question: that blocks the event loop, and with it the signals that shall end the command.
    """
    while True:
        click.echo(f"{question} [y/N]: ", nl=False, err=True)
        line = await _typed_line()
        if not line:
            click.echo(err=True)
            return False
        answer = line.strip().lower()
        if answer in ("", "n", "no"):
            return False
        if answer in ("y", "yes"):
            return True
        click.echo("Please type y or n.", err=True)


async def _typed_line() -> str:
    """Return the next line of the terminal on standard input with its line end, "" at the end of the input."""
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    terminal = sys.stdin.fileno()
    loop.add_reader(terminal, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(terminal)
    return os.read(terminal, LONGEST_LINE).decode("utf-8", "replace")
