"""Runs: until when each may write, and which process it is"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("leased_until", sa.DateTime(timezone=True)))
    op.add_column("run", sa.Column("process", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("run", "process")
    op.drop_column("run", "leased_until")
