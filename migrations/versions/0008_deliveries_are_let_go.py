"""What was handled is remembered for a while only, and found by when that was."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_delivery_at", "delivery", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_delivery_at", "delivery")
