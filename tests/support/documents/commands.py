"""The commands in README and docs: those in shell blocks, which are run, and those in the text, which must exist."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from sync.cli import COMMANDS, cli

PROGRAM = "alma-folio-sync"
NUMBERED = ("ID", "PLAN", "RUN", "N", "CHANGE_ID")
"""Words in capitals that stand for a number."""

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_EXIT_CODE = re.compile(r"exit code (\d)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a shell block, without its comment, and the exit code that the comment names."""

    command: str
    code: int


def shell_lines(page: Path) -> list[Line]:
    """Return the lines of a page's shell blocks in their order."""
    found = []
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for text in filter(None, map(str.strip, block.splitlines())):
            command, _, comment = text.partition(" #")
            code = _EXIT_CODE.search(comment)
            found.append(Line(command.strip(), int(code[1]) if code else 0))
    return found


def commands_in_the_text(page: Path) -> Iterator[list[str]]:
    """Return the commands of this program that a page names outside its blocks, as words, without optional parts."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for code in _CODE.findall(text):
        words = _words(code)
        if words[:1] == [PROGRAM]:
            yield words[1:]
        elif words[:1] and words[0] in COMMANDS and "=" not in code and "." not in words[0]:
            yield words


def _words(code: str) -> list[str]:
    plain = re.sub(r"[\[\]…|]", " ", code.replace("\\|", " "))
    try:
        return [("7" if word in NUMBERED else word) for word in shlex.split(plain)]
    except ValueError:
        return []


def refusal(words: list[str]) -> str:
    """Return why the command line does not know a command with these options, "" when it does."""
    command: click.Command = cli
    left = list(words)
    while left and isinstance(command, click.Group):
        if left[0].startswith("--"):
            left = left[2:]  # the options of all commands have a value each
            continue
        found = command.get_command(click.Context(command), left[0])
        if found is None:
            return f"there is no command {left[0]}"
        command, left = found, left[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    unknown = [word for word in left if word.startswith("--") and word not in known]
    return f"{command.name} has no {', '.join(unknown)}" if unknown else ""
