"""What many tests share: one Postgres for the whole session, and an empty database of its own for each test."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import stamina.instrumentation
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.store.database import engine_for
from sync.store.embedded import EmbeddedServer, embedded_postgres
from tests.support.databases import NOT_DURABLE, Databases, open_folder


@pytest.fixture(autouse=True)
def _only_warnings() -> None:
    """Keep the log to warnings: what is written for nobody still takes its time."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    stamina.instrumentation.set_on_retry_hooks(())


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """Give a folder for the server that all tests share."""
    with open_folder() as base:
        yield base / "data"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(postgres_folder: Path) -> AsyncIterator[EmbeddedServer]:
    """Give the server that all tests share."""
    async with embedded_postgres(postgres_folder, settings=NOT_DURABLE) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases(postgres: EmbeddedServer) -> Databases:
    """Give the maker of databases, its template with the newest schema."""
    made = Databases(postgres.url)
    await made.prepare()
    return made


@pytest_asyncio.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """Give the address of a database with the newest schema and nothing in it."""
    async with databases.fresh() as url:
        yield url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine on a database with the newest schema and nothing in it."""
    async with engine_for(database_url) as engine:
        yield engine


@pytest_asyncio.fixture
async def bare_database(databases: Databases) -> AsyncIterator[AsyncEngine]:
    """Give an engine on a database without any table."""
    async with databases.fresh(template="template0") as url, engine_for(url) as engine:
        yield engine
