"""Help answers at once: nothing heavy is imported before a command runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import REPOSITORY

HEAVY = ("alembic", "httpx", "psycopg", "pydantic", "rich", "sqlalchemy", "starlette", "structlog", "uvicorn")
COMMANDS = ("", "demo", "init", "check", "diff", "migrate", "runs", "status", "sandbox serve", "db upgrade")
MOST_SECONDS = 0.150
RUNS = 10

HELP = "import sys; sys.argv = ['alma-folio-sync', *{words!r}, '--help']; from sync.cli import main; main()"
WHAT_IS_LOADED = """
import sys
sys.argv = ["alma-folio-sync", *{words!r}, "--help"]
from sync.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
print("loaded:", *sorted({{name.partition(".")[0] for name in sys.modules}} & set({heavy!r})))
"""


def run(code: str, folder: Path) -> str:
    answer = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return answer.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(tmp_path: Path, command: str) -> None:
    out = run(WHAT_IS_LOADED.format(words=command.split(), heavy=HEAVY), tmp_path)
    assert "Usage:" in out
    assert out.splitlines()[-1] == "loaded:", "import it inside the function that needs it"


@pytest.mark.bench
def test_help_answers_within_150_milliseconds_of_python_itself(tmp_path: Path) -> None:
    """The quickest of several runs each: the machine has other work too."""
    took: dict[str, list[float]] = {"pass": [], HELP.format(words=[]): []}
    for _ in range(RUNS):
        for code, seconds in took.items():
            began = time.perf_counter()
            run(code, tmp_path)
            seconds.append(time.perf_counter() - began)
    nothing, answered = map(min, took.values())
    assert answered - nothing < MOST_SECONDS, f"{answered * 1000:.0f} ms, Python alone {nothing * 1000:.0f} ms"
