"""Calendars that people subscribe to, and what an assistant is asked."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_feed_person"),
        sa.PrimaryKeyConstraint("person", name="pk_feed"),
        sa.UniqueConstraint("token_hash", name="uq_feed_token_hash"),
    )
    op.create_table(
        "placing",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_placing_pair"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_placing_person"),
        sa.PrimaryKeyConstraint("id", name="pk_placing"),
        sa.UniqueConstraint("pair", "person", name="uq_placing_pair"),
    )


def downgrade() -> None:
    op.drop_table("placing")
    op.drop_table("feed")
