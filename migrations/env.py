"""How Alembic reaches a database: the address comes from the caller, or from the environment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alembic import context
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from adapters import settings
from adapters.store.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection


def migrate(conn: Connection) -> None:
    context.configure(conn, target_metadata=metadata, render_as_batch=True, user_module_prefix="")
    with context.begin_transaction():
        context.run_migrations()


def migrate_sqlite(url: str) -> None:
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA journal_mode=WAL").close()
            conn.commit()
            migrate(conn)
    finally:
        engine.dispose()


async def migrate_postgres(url: str) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as conn:
            await conn.run_sync(migrate)
    finally:
        await engine.dispose()


address = context.config.attributes.get("url") or settings.read().database
if make_url(address).get_backend_name() == "sqlite":
    migrate_sqlite(address)
else:
    asyncio.run(migrate_postgres(address))
