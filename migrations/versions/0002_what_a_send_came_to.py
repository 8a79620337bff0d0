"""What a send came to: which message a claim changes, and until when to leave a platform alone."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("posted") as posted:
        posted.add_column(sa.Column("claim_ref", sa.String(), nullable=True))
        posted.add_column(sa.Column("hold", Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("posted") as posted:
        posted.drop_column("hold")
        posted.drop_column("claim_ref")
