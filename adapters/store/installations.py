"""The installations: who on Slack has let Turnabout in, by what token, and who is just about to.

There is one row for each workspace, or for each organisation that installs for all its workspaces.
Tokens are sealed to their tenant. A token that runs out is renewed by one process at a time: it
claims the row, asks Slack outside any transaction, and writes down what it got.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's too

from adapters.store.tables import slack_installation as kept
from adapters.store.tables import slack_state as begun

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from adapters.store.keys import Keys

TOKENS = ("slack_installation", "sealed")  # the place of the tokens, together with their tenant


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation. `refresh` renews the token; it is empty where tokens do not run out."""

    tenant: str
    bot_user: str
    scopes: frozenset[str]
    token: str
    at: datetime
    refresh: str = ""
    expires_at: datetime | None = None
    app: str = ""

    def __repr__(self) -> str:
        """Show no token."""
        return f"Installation(tenant={self.tenant!r}, expires_at={self.expires_at})"


def keep(conn: Connection, keys: Keys, new: Installation) -> None:
    """Keep an installation. Installed once more, it takes the old one's place."""
    put = insert(kept).values(tenant=new.tenant, at=new.at, **_content(keys, new))
    conn.execute(
        put.on_conflict_do_update(
            index_elements=[kept.c.tenant],
            set_={c.name: put.excluded[c.name] for c in kept.c if not c.primary_key},
        )
    )


def find(conn: Connection, keys: Keys, *tenants: str) -> Installation | None:
    """Return the installation of the first of these tenants that has one."""
    rows = {row.tenant: row for row in conn.execute(select(kept).where(kept.c.tenant.in_(tenants)))}
    row = next((rows[tenant] for tenant in tenants if tenant in rows), None)
    return _installation(keys, row) if row else None


def every(conn: Connection, keys: Keys) -> tuple[Installation, ...]:
    """Return all installations there are, the first to come first."""
    rows = conn.execute(select(kept).order_by(kept.c.at, kept.c.tenant))
    return tuple(_installation(keys, row) for row in rows)


def reseal(conn: Connection, old: Keys, anew: Keys) -> None:
    """Seal every token with another master key; when each runs out stays as it is."""
    for each in every(conn, old):
        sealed = _content(anew, each)["sealed"]
        conn.execute(update(kept).where(_same(each)).values(sealed=sealed))


def claim(conn: Connection, old: Installation, now: datetime, until: datetime) -> bool:
    """Claim the renewing of a token until a moment; tell whether it is ours to do."""
    free = or_(kept.c.renewing_until.is_(None), kept.c.renewing_until <= now)
    due = kept.c.expires_at.is_not_distinct_from(old.expires_at)
    mine = update(kept).where(_same(old), due, free).values(renewing_until=until)
    return conn.execute(mine).rowcount == 1


def renew(conn: Connection, keys: Keys, new: Installation) -> bool:
    """Write down a renewed token; not where the app was removed or installed anew meanwhile."""
    put = update(kept).where(_same(new)).values(renewing_until=None, **_content(keys, new))
    return conn.execute(put).rowcount == 1


def remove(conn: Connection, tenants: tuple[str, ...], at: datetime) -> str:
    """Remove the installation that was taken back, and its tokens; return whose it was.

    It is the first of these tenants that has one. News of a taking back that is older than the
    installation is about an earlier one, and changes nothing.
    """
    known = select(kept.c.tenant).where(kept.c.tenant.in_(tenants), kept.c.at <= at)
    found = set(conn.execute(known).scalars())
    tenant = next((tenant for tenant in tenants if tenant in found), "")
    conn.execute(delete(kept).where(kept.c.tenant == tenant))
    return tenant


def begin(conn: Connection, state: str, browser: str, now: datetime, until: datetime) -> None:
    """Note that somebody begins to install, in this browser; forget who began and never ended."""
    conn.execute(delete(begun).where(begun.c.until <= now))
    row = {"state_hash": _hash(state), "browser_hash": _hash(browser), "until": until}
    conn.execute(insert(begun).values(row))


def end(conn: Connection, state: str, browser: str, now: datetime) -> bool:
    """Tell whether this browser began what is ended here. It is told once."""
    mine = and_(begun.c.state_hash == _hash(state), begun.c.browser_hash == _hash(browser))
    return conn.execute(delete(begun).where(mine, begun.c.until > now)).rowcount == 1


def _content(keys: Keys, new: Installation) -> dict[str, object]:
    tokens = {"token": new.token, "refresh": new.refresh}
    return {
        "bot_user": new.bot_user,
        "app": new.app,
        "scopes": ",".join(sorted(new.scopes)),
        "sealed": keys.house.seal(tokens, *TOKENS, new.tenant),
        "expires_at": new.expires_at,
    }


def _installation(keys: Keys, row: Row[*tuple[object, ...]]) -> Installation:
    tokens = keys.house.open(row.sealed, *TOKENS, row.tenant)
    return Installation(
        row.tenant,
        row.bot_user,
        frozenset(filter(None, row.scopes.split(","))),
        tokens["token"],
        row.at,
        tokens["refresh"],
        row.expires_at,
        row.app,
    )


def _same(one: Installation) -> ColumnElement[bool]:
    """Be the installation as it was made then, not one that took its place."""
    return and_(kept.c.tenant == one.tenant, kept.c.at == one.at)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
