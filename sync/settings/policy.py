"""What the program may do on its own, and the codes of one system in the words of the other."""

from typing import Literal

from pydantic import Field, field_validator

from sync.model import PUBLICATION_TYPES
from sync.plan.guards import RemovalLimits
from sync.plan.three_way import CONFLICT_FIELDS
from sync.settings.section import Section

UserDefinedField = Literal[
    "userDefinedField1", "userDefinedField2", "userDefinedField3", "userDefinedField4", "userDefinedField5"
]


class Maps(Section):
    """Codes of one system in the words of the other. What is not named here is recorded as a loss, never guessed.

    `check` shows the codes that are in use.
    """

    proxies: dict[str, str] = Field(default_factory=dict)
    """Alma's proxy code = the id of FOLIO's proxy (Settings > eHoldings > Root proxy)."""
    access_types: dict[str, str] = Field(default_factory=dict)
    """Alma's access type = the id of an access status type of FOLIO."""
    material_types: dict[str, str] = Field(default_factory=dict)
    """Alma's material type = a publication type of FOLIO, where the usual one does not fit."""
    embargo_operators: dict[str, Literal["delay", "rolling"]] = Field(default_factory=dict)
    """What this institution's codes of MovingWallOperator mean, where the code table does not tell: `delay` hides the
    most recent period, `rolling` shows nothing else."""
    coverage_in_use: dict[str, Literal["local", "global", "both", "either"]] = Field(default_factory=dict)
    """What this institution's codes of CoverageInUse mean, where the code table does not tell."""
    notes: dict[Literal["public_note", "authentication_note", "internal_description"], UserDefinedField] = Field(
        default_factory=dict
    )
    """A note of Alma's portfolios = the user-defined field of FOLIO that holds it, each its own."""

    @field_validator("material_types")
    @classmethod
    def _known_types(cls, types: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(types.values()) - set(PUBLICATION_TYPES))
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no publication type of FOLIO; there are: {', '.join(PUBLICATION_TYPES)}"
            )
        return {code.upper(): name for code, name in types.items()}

    @field_validator("notes")
    @classmethod
    def _one_field_each(cls, notes: dict[str, str]) -> dict[str, str]:
        if len(set(notes.values())) < len(notes):
            raise ValueError("two notes go to the same user-defined field; name another one for one of them")
        return notes


class Policy(Section):
    """What the program may do on its own."""

    conflicts: Literal["ask", "alma", "folio"] = "ask"
    """In a sync, which side is right where both changed a field; `ask`: neither, it is listed."""
    fields: dict[str, Literal["ask", "alma", "folio"]] = Field(default_factory=dict)
    """The same for single fields."""
    max_removals: int = Field(default=20, ge=0)
    """Removals are withheld when there are more than this many …"""
    max_removals_percent: float = Field(default=5.0, ge=0, le=100)
    """… and more than this share of all, in one package or as a whole."""
    max_changes_in_field: int = Field(default=50, ge=0)
    """Changes of one field are withheld when there are more than this many …"""
    max_changes_in_field_percent: float = Field(default=50.0, ge=0, le=100)
    """… and more than this share of all records."""
    max_shrink_percent: float = Field(default=20.0, ge=0, le=100)
    """All removals are withheld when a side lacks more than this share of what it held last time."""
    resume_within_hours: float = Field(default=72, ge=0)
    """How old the readings may be with which an interrupted run goes on; then it reads anew."""
    managed_packages: Literal["collection", "leave"] = "collection"
    """What becomes of FOLIO's managed packages on the way to Alma, where no activated collection bears their name: a
    local collection, or they are left and listed."""
    tags: tuple[str, ...] = ()
    """Tags for every package, and every title in a package, that is created in FOLIO."""

    def removal_limits(self, approved: int | None = None) -> RemovalLimits:
        """Return how much may be removed; `approved` is a ceiling that a person set for one run."""
        return RemovalLimits(number=self.max_removals, percent=self.max_removals_percent, approved=approved)

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(fields) - CONFLICT_FIELDS)
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no field that travels; there are: {', '.join(sorted(CONFLICT_FIELDS))}"
            )
        return fields
