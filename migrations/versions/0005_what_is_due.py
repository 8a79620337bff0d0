"""What is due is taken by one worker at a time, a fair share of each programme's."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pair", sa.Column("due_at", Instant(), nullable=True))
    op.add_column(
        "pair", sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.drop_index("ix_pair_wake_at", "pair")
    op.create_index(
        "ix_pair_due",
        "pair",
        ["programme", "wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_index(
        "ix_pair_stuck",
        "pair",
        ["attempts"],
        unique=False,
        sqlite_where=sa.text("attempts >= 3"),
        postgresql_where=sa.text("attempts >= 3"),
    )
    op.create_index(
        "ix_posted_hold",
        "posted",
        ["hold"],
        unique=False,
        sqlite_where=sa.text("hold IS NOT NULL"),
        postgresql_where=sa.text("hold IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_posted_hold", "posted")
    op.drop_index("ix_pair_stuck", "pair")
    op.drop_index("ix_pair_due", "pair")
    op.create_index(
        "ix_pair_wake_at",
        "pair",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    with op.batch_alter_table("pair") as batch:
        batch.drop_column("attempts")
        batch.drop_column("due_at")
