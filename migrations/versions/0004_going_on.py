"""Going on: what a plan was to do, who runs, and the calls of an account, whichever pairs share it"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plan", sa.Column("asked", sa.Text(), server_default="", nullable=False))
    op.add_column("run", sa.Column("owner", sa.Text(), server_default="", nullable=False))
    # whose calls the former counts were cannot be told any longer; they matter until midnight only
    op.drop_table("budget")
    op.create_table(
        "budget",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "day", name=op.f("pk_budget")),
    )


def downgrade() -> None:
    op.drop_table("budget")
    op.create_table(
        "budget",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("pair", "system", "day", name=op.f("pk_budget")),
    )
    op.drop_column("run", "owner")
    op.drop_column("plan", "asked")
