"""Where a chat is, on a platform that must be told."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_reference_person"),
        sa.PrimaryKeyConstraint("platform", "tenant", "user", name="pk_reference"),
    )
    op.create_index("ix_reference_person", "reference", ["person"])


def downgrade() -> None:
    op.drop_index("ix_reference_person", "reference")
    op.drop_table("reference")
