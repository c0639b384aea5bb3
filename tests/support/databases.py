"""Databases for tests, made from a template in a fraction of a second."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from sync.store.database import engine_for
from sync.store.schema import upgrade_schema

NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_connections": "100"}
"""Server settings for databases that no test expects to outlive a power cut."""

TEMPLATE = "upgraded"


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a folder that the account of an embedded server may pass through (pytest's own lie below a private one)."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


class Databases:
    """Makes databases on one server. Call `prepare` once; it makes the template."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._numbers = itertools.count(1)

    async def prepare(self) -> None:
        """Make the template, with the newest schema."""
        await self._execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
        async with engine_for(self._url(TEMPLATE)) as engine:
            await upgrade_schema(engine)

    @asynccontextmanager
    async def fresh(self, template: str = TEMPLATE) -> AsyncIterator[str]:
        """Yield the SQLAlchemy URL of a new database, dropped afterwards whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        made = sql.SQL("create database {} template {} strategy file_copy")
        await self._execute(made.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self._url(name)
        finally:
            await self._execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def _url(self, name: str) -> str:
        return make_url(self._server_url).set(database=name).render_as_string(hide_password=False)

    async def _execute(self, statement: sql.Composed) -> None:
        async with await psycopg.AsyncConnection.connect(psycopg_address(self._server_url), autocommit=True) as admin:
            await admin.execute(statement)


def psycopg_address(url: str) -> str:
    """Return a SQLAlchemy URL as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
