"""Named contacts are invited too: a code need not belong to a pair."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("invitation") as invitation:
        invitation.alter_column("pair", existing_type=sa.String(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM invitation WHERE pair IS NULL")
    with op.batch_alter_table("invitation") as invitation:
        invitation.alter_column("pair", existing_type=sa.String(), nullable=False)
