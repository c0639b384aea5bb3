"""The tables. Alembic (`migrations/`) makes them; a test proves that both agree.

Bodies are of type json, not jsonb: they are stored as they came, and jsonb refuses the NUL that real data holds.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _moment(name: str, *, now: bool = False, nullable: bool = True) -> Column[object]:
    default = func.now() if now else None
    return Column(name, DateTime(timezone=True), server_default=default, nullable=nullable and not now)


run = Table(
    "run",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("pair", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("direction", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),  # running → done, failed, paused, stopped
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("owner", Text, nullable=False, server_default=""),  # host and process
    Column("plan_id", BigInteger),
    Column("message", Text, nullable=False, server_default=""),
    Column("result", JSON),
    Column("measures", JSON),  # its phases and calls
    Column("resumes_at", DateTime(timezone=True)),
    _moment("leased_until"),  # it may write until then; empty once it said that it ended
    Column("process", Text, nullable=False, server_default=""),  # what tells it from others of its machine
    _moment("started_at", now=True),
    _moment("ended_at"),
    Index(None, "pair", "started_at"),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", BigInteger, ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("pair", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("state", Text, nullable=False),  # reading → complete, incomplete
    Column("declared", Integer, nullable=False, server_default="0"),
    Column("counted", Integer, nullable=False, server_default="0"),
    Column("shortfalls", JSON),
    Column("accepted", Integer),  # packages and holdings there were once a plan made of it was carried out
    _moment("started_at", now=True),
    _moment("ended_at"),
    Index(None, "pair", "system"),
)

payload = Table(
    "payload",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("body", JSON, nullable=False),
)

entry = Table(
    "entry",
    metadata,
    Column("snapshot_id", BigInteger, ForeignKey("snapshot.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("package_key", Text, nullable=False),
    Column("title_key", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("raw_hash", LargeBinary),
    PrimaryKeyConstraint("snapshot_id", "kind", "key"),
    Index(None, "snapshot_id", "kind", "package_key", "title_key"),
    Index(None, "snapshot_id", "kind", "name_key"),
)

identifier = Table(
    "identifier",
    metadata,
    Column("snapshot_id", BigInteger, ForeignKey("snapshot.id", ondelete="CASCADE"), nullable=False),
    Column("title_key", Text, nullable=False),
    Column("match_key", Text, nullable=False),
    PrimaryKeyConstraint("snapshot_id", "match_key", "title_key"),
)

identity = Table(
    "identity",
    metadata,
    Column("snapshot_id", BigInteger, ForeignKey("snapshot.id", ondelete="CASCADE"), nullable=False),
    Column("title_key", Text, nullable=False),
    Column("identity_key", Text, nullable=False),
    PrimaryKeyConstraint("snapshot_id", "title_key"),
)

parked = Table(
    "parked",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", BigInteger, ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("place", Text, nullable=False, server_default=""),  # of a portfolio of Alma: collection/bib
)

to_decide = Table(
    "to_decide",
    metadata,
    Column("run_id", BigInteger, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("package_key", Text, nullable=False),
    Column("title_key", Text, nullable=False),
    Column("linked", Integer, nullable=False),
    Column("moved", Integer, nullable=False, server_default="0"),
    Column("present", ARRAY(Text), nullable=False),
    Column("unreadable", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("run_id", "kind", "seq"),
)

in_full = Table(
    "in_full",
    metadata,
    Column("pair", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("listed_hash", LargeBinary, nullable=False),
    Column("holding_hash", LargeBinary, nullable=False, index=True),
    Column("title_hash", LargeBinary, nullable=False, index=True),
    _moment("read_at", now=True),
    PrimaryKeyConstraint("pair", "key"),
)

link = Table(
    "link",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("pair", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("alma_id", Text, nullable=False),
    Column("folio_id", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("managed", Integer, nullable=False, server_default="0"),
    Column("run_id", BigInteger),
    _moment("made_at", now=True),
    _moment("closed_at"),
    Index("uq_link_open", "pair", "kind", "alma_id", unique=True, postgresql_where=text("closed_at IS NULL")),
    Index(None, "pair", "kind", "folio_id"),
    Index("ix_link_alma_id", "pair", "kind", "alma_id"),
)

base = Table(
    "base",
    metadata,
    Column("link_id", BigInteger, ForeignKey("link.id", ondelete="CASCADE"), primary_key=True),
    Column("alma_hash", LargeBinary, nullable=False),
    Column("folio_hash", LargeBinary, nullable=False),
    Column("written_hash", LargeBinary, nullable=False),
    Column("rules", Text, nullable=False),
    Column("unsettled", ARRAY(Text), nullable=False, server_default="{}"),  # fields on which both never agreed
    Column("pending", ARRAY(Text), nullable=False, server_default="{}"),  # fields whose base waits for a change
    Column("run_id", BigInteger),
    _moment("agreed_at", now=True),
)

plan = Table(
    "plan",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", BigInteger, ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("pair", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("status", Text, nullable=False),  # draft → approved → begun → applied; or superseded
    Column("rules", Text, nullable=False),
    Column("summary", JSON),
    Column("guards", JSON),
    Column("cost", JSON),
    Column("alma_snapshot", BigInteger),
    Column("folio_snapshot", BigInteger),
    Column("asked", Text, nullable=False, server_default=""),  # what it is to do, under which configuration
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("applied_by", BigInteger),
    Column("takes_back", BigInteger),  # the plan whose changes it takes back
    _moment("created_at", now=True),
)

change = Table(
    "change",
    metadata,
    Column("plan_id", BigInteger, ForeignKey("plan.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source_keys", ARRAY(Text), nullable=False),
    Column("package_key", Text, nullable=False),
    Column("title_key", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("outcome", JSON),
    PrimaryKeyConstraint("plan_id", "seq"),
    Index(None, "plan_id", "id", unique=True),
    Index(None, "plan_id", "kind", "status", "seq"),
    Index(None, "plan_id", "title_key"),
)

intent = Table(
    "intent",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("run_id", BigInteger, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    Column("change_id", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("natural_key", Text, nullable=False),
    Column("state", Text, nullable=False),  # open → done, refused, unknown; unknown → adopted, absent
    Column("answer_id", Text, nullable=False, server_default=""),
    Column("before", JSON),  # the record that was written over or removed, as it was read
    _moment("made_at", now=True),
    _moment("settled_at"),
    Index("ix_intent_change_id", "run_id", "change_id"),
    Index("ix_intent_open", "run_id", postgresql_where=text("state in ('open', 'unknown')")),
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("pair", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("alma_id", Text, nullable=False),
    Column("folio_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("package_name", Text, nullable=False),
    Column("shown", JSON, nullable=False),  # base, alma, folio, as a report shows them
    Column("fingerprint", LargeBinary, nullable=False),
    Column("decision", Text, nullable=False, server_default=""),  # alma, folio, keep; "" none yet
    Column("run_id", BigInteger, nullable=False),
    _moment("made_at", now=True),
    _moment("decided_at"),
    _moment("closed_at"),
    Index(
        "uq_conflict_open",
        "pair",
        "kind",
        "folio_id",
        "field",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
)

pairing = Table(
    "pairing",
    metadata,
    Column("pair", Text, primary_key=True),
    Column("systems", Text, nullable=False),
    _moment("noted_at", now=True),
)

tick = Table(
    "tick",
    metadata,
    Column("pair", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),  # by the schedule: the same for every daemon
    Column("what", Text, nullable=False),  # diff, sync, migrate
    Column("state", Text, nullable=False),  # due → done, left
    Column("begins_at", DateTime(timezone=True), nullable=False),  # after jitter, blackout, quota, a failure
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("run_id", BigInteger),
    Column("message", Text, nullable=False, server_default=""),
    _moment("made_at", now=True),
    _moment("ended_at"),
    PrimaryKeyConstraint("pair", "due_at"),
)

budget = Table(
    "budget",
    metadata,
    Column("account", Text, nullable=False),  # pairs of one account share its calls
    Column("day", Date, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("reported", BigInteger),
    PrimaryKeyConstraint("account", "day"),
)
