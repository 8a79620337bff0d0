"""The first tables."""

import sqlalchemy as sa
from alembic import op

from adapters.store.tables import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
    )
    op.create_table(
        "data_key",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.id"], name="fk_data_key_organisation"
        ),
        sa.PrimaryKeyConstraint("subject", name="pk_data_key"),
    )
    op.create_table(
        "installation",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.id"], name="fk_installation_organisation"
        ),
        sa.PrimaryKeyConstraint("platform", "tenant", name="pk_installation"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.id"], name="fk_person_organisation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "programme",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.id"], name="fk_programme_organisation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_programme"),
        sa.UniqueConstraint("organisation", "name", name="uq_programme_organisation"),
    )
    op.create_table(
        "account",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_account_person"),
        sa.PrimaryKeyConstraint("platform", "tenant", "user", name="pk_account"),
    )
    op.create_index("ix_account_person", "account", ["person"], unique=False)

    op.create_table(
        "pair",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("reverse_mentor", sa.String(), nullable=False),
        sa.Column("reverse_mentee", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("began", Instant(), nullable=False),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["programme"], ["programme.id"], name="fk_pair_programme"),
        sa.ForeignKeyConstraint(["reverse_mentee"], ["person.id"], name="fk_pair_reverse_mentee"),
        sa.ForeignKeyConstraint(["reverse_mentor"], ["person.id"], name="fk_pair_reverse_mentor"),
        sa.PrimaryKeyConstraint("id", name="pk_pair"),
    )
    op.create_index("ix_pair_reverse_mentee", "pair", ["reverse_mentee"], unique=False)
    op.create_index("ix_pair_reverse_mentor", "pair", ["reverse_mentor"], unique=False)
    op.create_index(
        "ix_pair_wake_at",
        "pair",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )

    op.create_table(
        "delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_delivery_pair"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_table(
        "entry",
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name="fk_entry_by"),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_entry_pair"),
        sa.PrimaryKeyConstraint("pair", "no", name="pk_entry"),
    )
    op.create_table(
        "invitation",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_invitation_pair"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_invitation_person"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invitation"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("last_key", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_message_pair"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("platform", "tenant", "user", "key", name="uq_message_platform"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_last_key", "message", ["last_key"], unique=False)

    op.create_table(
        "posted",
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("owed", sa.String(), nullable=False),
        sa.Column("claim_key", sa.String(), nullable=True),
        sa.Column("claim_revision", sa.String(), nullable=True),
        sa.Column("claim_digest", sa.String(), nullable=True),
        sa.Column("claim_owed", sa.String(), nullable=True),
        sa.Column("claim_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name="fk_posted_pair"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_posted_person"),
        sa.PrimaryKeyConstraint("pair", "platform", "tenant", "user", name="pk_posted"),
    )


def downgrade() -> None:
    op.drop_table("posted")
    op.drop_index("ix_message_last_key", "message")

    op.drop_table("message")
    op.drop_table("invitation")
    op.drop_table("entry")
    op.drop_table("delivery")
    op.drop_index(
        "ix_pair_wake_at",
        "pair",
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.drop_index("ix_pair_reverse_mentor", "pair")
    op.drop_index("ix_pair_reverse_mentee", "pair")

    op.drop_table("pair")
    op.drop_index("ix_account_person", "account")

    op.drop_table("account")
    op.drop_table("programme")
    op.drop_table("person")
    op.drop_table("installation")
    op.drop_table("data_key")
    op.drop_table("organisation")
