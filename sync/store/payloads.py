"""Bodies are shared by all pairs: none may be removed while somebody is about to refer to it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PAYLOAD_LOCK = 0x7061796C6F6164
"""Advisory lock: shared by transactions that refer to bodies, alone for the one that removes those without use.

Without it a body that another pair's last snapshot holds would go between "it is there already" and our commit.
"""


async def keep_payloads(connection: AsyncConnection) -> None:
    """Keep every body from being removed until this transaction ends."""
    await connection.execute(text("select pg_advisory_xact_lock_shared(:key)"), {"key": PAYLOAD_LOCK})
