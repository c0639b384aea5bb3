"""The way to Alma: what is still to be decided, what was read in full, where a parked portfolio stands"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parked", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "to_decide",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("package_key", sa.Text(), nullable=False),
        sa.Column("title_key", sa.Text(), nullable=False),
        sa.Column("linked", sa.Integer(), nullable=False),
        sa.Column("present", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("unreadable", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_to_decide_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "kind", "seq", name=op.f("pk_to_decide")),
    )
    op.create_table(
        "in_full",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("listed_hash", sa.LargeBinary(), nullable=False),
        sa.Column("holding_hash", sa.LargeBinary(), nullable=False),
        sa.Column("title_hash", sa.LargeBinary(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("pair", "key", name=op.f("pk_in_full")),
    )
    op.create_index(op.f("ix_in_full_holding_hash"), "in_full", ["holding_hash"], unique=False)
    op.create_index(op.f("ix_in_full_title_hash"), "in_full", ["title_hash"], unique=False)


def downgrade() -> None:
    op.drop_table("in_full")
    op.drop_table("to_decide")
    op.drop_column("parked", "place")
