"""Locks that the database server keeps: it gives one back when our connection ends, however it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@asynccontextmanager
async def advisory_lock(engine: AsyncEngine, name: str) -> AsyncIterator[AsyncConnection | None]:
    """Hold the lock of this name, across processes and machines; yield None when somebody else holds it.

    The connection that comes is the one that holds it: where that ends, so does the lock.
    """
    key = {"key": f"alma-folio-sync {name}"}
    async with engine.connect() as connection:
        taken = await connection.execute(text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), key)
        held = bool(taken.scalar_one())
        await connection.commit()
        try:
            yield connection if held else None
        finally:
            if held:
                with suppress(SQLAlchemyError):  # the server gave it back when the connection died
                    await connection.execute(text("select pg_advisory_unlock(hashtextextended(:key, 0))"), key)
                    await connection.commit()
