"""Undo: the record before each write, and which plan takes back which"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("intent", sa.Column("before", sa.JSON(), nullable=True))
    op.add_column("plan", sa.Column("takes_back", sa.BigInteger(), nullable=True))
    op.create_index("ix_link_alma_id", "link", ["pair", "kind", "alma_id"])
    op.create_index(op.f("ix_intent_change_id"), "intent", ["run_id", "change_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_intent_change_id"), table_name="intent")
    op.drop_index("ix_link_alma_id", table_name="link")
    op.drop_column("plan", "takes_back")
    op.drop_column("intent", "before")
