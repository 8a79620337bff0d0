"""The tables: what people did, where they are reached, what is on their screens, and the keys.

What a person typed is only ever in a `sealed` column, their name too. Everything else is status.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

STUCK = 3  # look-ins begun after which a pair is told to the operator
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment, aware and UTC: microseconds since 1970 on SQLite, timestamptz on PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return how this database keeps it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Put a moment into the database. Raises ValueError for one without a zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a moment needs its zone")
        if dialect.name == "postgresql":
            return value.astimezone(UTC)
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Take a moment out of the database."""
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return None if value is None else EPOCH + int(value) * MICROSECOND


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String, primary_key=True)


def _to(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """Return a column that leads to the table it is named after, or to a person."""
    table = name if name in metadata.tables else "person"
    return Column(name, ForeignKey(f"{table}.id"), primary_key=primary_key, nullable=nullable)


def _account(*, primary_key: bool = False) -> tuple[Column[str], ...]:
    return tuple(
        Column(name, String, primary_key=primary_key, nullable=False)
        for name in ("platform", "tenant", "user")
    )


def _needed(name: str, kind: Any, **options: Any) -> Column[Any]:  # noqa: ANN401
    return Column(name, kind, nullable=False, **options)


organisation = Table(
    "organisation",
    metadata,
    _id(),
    _needed("name", String),
    _needed("wrapped_key", LargeBinary),
    _needed("key_id", String),
)

installation = Table(
    "installation",
    metadata,
    Column("platform", String, primary_key=True),
    Column("tenant", String, primary_key=True),
    _to("organisation"),
)

programme = Table(
    "programme",
    metadata,
    _id(),
    _to("organisation"),
    _needed("name", String),
    _needed("settings", JSON),
    UniqueConstraint("organisation", "name"),
)

# `sealed` holds name and e-mail; it is empty once the person is erased.
person = Table(
    "person",
    metadata,
    _id(),
    _to("organisation"),
    Column("sealed", LargeBinary),
    _needed("locale", String),
    _needed("zone", String),
    _needed("country", String),
)

# A person may have several: they are reached at the one they came to last.
account = Table(
    "account",
    metadata,
    *_account(primary_key=True),
    _to("person"),
    _needed("since", Instant),
    Index(None, "person"),
)

# `due_at` and `attempts` tell of a look-in that was begun and has not gone well yet.
# `epoch` grows whenever anything but the journal changes: folded pairs held elsewhere are dropped.
pair = Table(
    "pair",
    metadata,
    _id(),
    _to("programme"),
    _to("reverse_mentor"),
    _to("reverse_mentee"),
    _needed("salt", LargeBinary),
    _needed("epoch", Integer),
    _needed("began", Instant),
    Column("wake_at", Instant),
    Column("due_at", Instant),
    _needed("attempts", Integer, server_default=text("0")),
    Index(None, "reverse_mentor"),
    Index(None, "reverse_mentee"),
)
Index(
    "ix_pair_due",
    pair.c.programme,
    pair.c.wake_at,
    sqlite_where=pair.c.wake_at.is_not(None),
    postgresql_where=pair.c.wake_at.is_not(None),
)

Index(
    "ix_pair_stuck",
    pair.c.attempts,
    sqlite_where=pair.c.attempts >= STUCK,
    postgresql_where=pair.c.attempts >= STUCK,
)

# Two turns cannot write the same line: its number is part of the key.
entry = Table(
    "entry",
    metadata,
    _to("pair", primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    _needed("at", Instant),
    _to("by", nullable=True),
    _needed("name", String),
    _needed("status", JSON),
    Column("sealed", LargeBinary),
)

# What was handled, for as long as it may be brought again.
delivery = Table(
    "delivery", metadata, _id(), _to("pair"), _needed("at", Instant), Index(None, "at")
)

posted = Table(
    "posted",
    metadata,
    _to("pair", primary_key=True),
    *_account(primary_key=True),
    _to("person"),
    _needed("ref", String),
    _needed("revision", String),
    _needed("digest", String),
    _needed("owed", String),
    Column("claim_key", String),
    Column("claim_revision", String),
    Column("claim_digest", String),
    Column("claim_owed", String),
    Column("claim_until", Instant),
    Column("claim_ref", String),
    Column("hold", Instant),
)
Index(
    "ix_posted_hold",
    posted.c.hold,
    sqlite_where=posted.c.hold.is_not(None),
    postgresql_where=posted.c.hold.is_not(None),
)

# Of a code only its hash is kept: who reads the table cannot join with it. A named contact's is of
# no pair.
invitation = Table(
    "invitation",
    metadata,
    Column("code_hash", String, primary_key=True),
    _to("pair", nullable=True),
    _to("person"),
    _needed("at", Instant),
    Column("used_at", Instant),
)

# Where a chat is, sealed, on a platform that must be told. `locale` and `zone` are what it said
# last; `gone_at` is when its person took the app away.
reference = Table(
    "reference",
    metadata,
    *_account(primary_key=True),
    _to("person"),
    _needed("sealed", LargeBinary),
    _needed("locale", String),
    _needed("zone", String),
    Column("gone_at", Instant),
    Index(None, "person"),
)

data_key = Table(
    "data_key",
    metadata,
    Column("subject", String, primary_key=True),
    _to("organisation"),
    _needed("wrapped", LargeBinary),
    _needed("key_id", String),
)

# The web platform's own screens. `changed` counts what was done to a message.
message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _to("pair"),
    *_account(),
    _needed("key", String),
    _needed("last_key", String),
    _needed("sealed", LargeBinary),
    _needed("live", Boolean),
    _needed("at", Instant),
    _needed("changed", Integer),
    UniqueConstraint("platform", "tenant", "user", "key"),
    Index(None, "last_key"),
    sqlite_autoincrement=True,
)

# The calendar a person subscribes to. Of its address only the hash is kept.
feed = Table(
    "feed",
    metadata,
    _to("person", primary_key=True),
    _needed("token_hash", String),
    _needed("at", Instant),
    UniqueConstraint("token_hash"),
)

# What the senior's assistant was asked: free times and kinds of place, and which of them suit.
placing = Table(
    "placing",
    metadata,
    _id(),
    _to("pair"),
    _to("person"),
    _needed("sealed", LargeBinary),
    _needed("until", Instant),
    Column("answered_at", Instant),
    UniqueConstraint("pair", "person"),
)

# Which change of a meeting was last mailed to whom; `until` is when an open outcome is looked into.
mailing = Table(
    "mailing",
    metadata,
    _to("pair", primary_key=True),
    _to("person", primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    _needed("sequence", Integer),
    _needed("tries", Integer),
    Column("until", Instant),
    Index(None, "until"),
)

# A workspace, or a whole organisation on Slack, that has let Turnabout in: `tenant` is a team's id,
# or an enterprise's where the installation is for all its teams. `sealed` holds the tokens.
slack_installation = Table(
    "slack_installation",
    metadata,
    Column("tenant", String, primary_key=True),
    _needed("app", String),
    _needed("bot_user", String),
    _needed("scopes", String),
    _needed("sealed", LargeBinary),
    _needed("at", Instant),
    Column("expires_at", Instant),
    Column("renewing_until", Instant),
)

# An installation that somebody began in a browser. Of both secrets only the hashes are kept.
slack_state = Table(
    "slack_state",
    metadata,
    Column("state_hash", String, primary_key=True),
    _needed("browser_hash", String),
    _needed("until", Instant),
)
