"""Both ways: bases field by field, conflicts and their decisions, plans that can be carried out later"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("base", sa.Column("unsettled", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("base", sa.Column("pending", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("snapshot", sa.Column("accepted", sa.Integer(), nullable=True))
    op.add_column("plan", sa.Column("alma_snapshot", sa.BigInteger(), nullable=True))
    op.add_column("plan", sa.Column("folio_snapshot", sa.BigInteger(), nullable=True))
    op.add_column("plan", sa.Column("fingerprint", sa.Text(), server_default="", nullable=False))
    op.add_column("plan", sa.Column("applied_by", sa.BigInteger(), nullable=True))
    op.add_column("to_decide", sa.Column("moved", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "conflict",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alma_id", sa.Text(), nullable=False),
        sa.Column("folio_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("package_name", sa.Text(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    op.create_index(
        "uq_conflict_open",
        "conflict",
        ["pair", "kind", "folio_id", "field"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "pairing",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("systems", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("pair", name=op.f("pk_pairing")),
    )


def downgrade() -> None:
    op.drop_table("pairing")
    op.drop_table("conflict")
    op.drop_column("to_decide", "moved")
    op.drop_column("plan", "applied_by")
    op.drop_column("plan", "fingerprint")
    op.drop_column("plan", "folio_snapshot")
    op.drop_column("plan", "alma_snapshot")
    op.drop_column("snapshot", "accepted")
    op.drop_column("base", "pending")
    op.drop_column("base", "unsettled")
