"""Slack's installations, and those that somebody began."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slack_installation",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("bot_user", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("renewing_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", name="pk_slack_installation"),
    )
    op.create_table(
        "slack_state",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("browser_hash", sa.String(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_slack_state"),
    )


def downgrade() -> None:
    op.drop_table("slack_state")
    op.drop_table("slack_installation")
