"""Runs: how long their phases took, and what went to each system"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("measures", sa.JSON()))


def downgrade() -> None:
    op.drop_column("run", "measures")
