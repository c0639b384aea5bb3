"""The table of everything that was measured, printed when the last measurement is over."""

from collections.abc import Iterator

import pytest

from sync.logs import configure_logging
from tests.bench.measuring import Results


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> None:
    """Log as the commands do: writing a line for every call would be measured too."""
    configure_logging("warning")


@pytest.fixture(scope="session")
def results() -> Iterator[Results]:
    """Give the table."""
    table = Results()
    yield table
    print("\n")
    for line in table.lines():
        print(line)
