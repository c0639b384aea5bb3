"""The connection to Postgres: the product's own embedded one, or the server named in the configuration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sync.errors import ConfigurationError
from sync.settings import DatabaseSettings
from sync.store.embedded import embedded_postgres

MINIMUM_VERSION = 15


@asynccontextmanager
async def open_database(settings: DatabaseSettings, *, upgrade: bool = True) -> AsyncIterator[AsyncEngine]:
    """Yield an engine on the configured database, its schema brought up to date unless `upgrade` is False.

    Raises:
        ConfigurationError: when the server cannot be reached, is too old, or its schema is newer than this version.
    """
    if settings.url is None:
        async with embedded_postgres(settings.data_dir) as server, engine_for(server.url) as engine:
            await _prepare(engine, upgrade=upgrade)
            yield engine
        return
    async with engine_for(settings.url.get_secret_value()) as engine:
        await _prepare(engine, upgrade=upgrade)
        yield engine


@asynccontextmanager
async def engine_for(url: str) -> AsyncIterator[AsyncEngine]:
    """Yield an engine for a SQLAlchemy URL, closed at the end."""
    engine = create_async_engine(url, pool_size=12, max_overflow=8, hide_parameters=True)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _prepare(engine: AsyncEngine, *, upgrade: bool) -> None:
    from sync.store.schema import upgrade_schema  # noqa: PLC0415  (alembic takes 0.6 s to import)

    try:
        async with engine.connect() as connection:
            version = int((await connection.execute(text("show server_version_num"))).scalar_one()) // 10000
    except OperationalError as error:
        raise ConfigurationError(
            f"The database cannot be reached: {_first_line(error)}",
            advice="Check [database] url in the configuration, or leave it out to use the embedded Postgres.",
        ) from None
    if version < MINIMUM_VERSION:
        raise ConfigurationError(f"The database server is Postgres {version}; {MINIMUM_VERSION} or later is needed.")
    if upgrade:
        await upgrade_schema(engine)


def _first_line(error: OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no answer"


async def psycopg_connection(connection: AsyncConnection) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """Return the psycopg connection below a SQLAlchemy one, for COPY in the same transaction."""
    raw = await connection.get_raw_connection()
    return cast("psycopg.AsyncConnection[tuple[object, ...]]", raw.driver_connection)
