"""Calendars that people subscribe to, what an assistant is asked, and what was mailed."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0004"
down_revision = "0003"
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
    op.create_table(
        "mailing",
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_mailing_pair"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_mailing_person"),
        sa.PrimaryKeyConstraint("pair", "person", "no", name="pk_mailing"),
    )
    op.create_index("ix_mailing_until", "mailing", ["until"])


def downgrade() -> None:
    op.drop_table("mailing")
    op.drop_table("placing")
    op.drop_table("feed")
