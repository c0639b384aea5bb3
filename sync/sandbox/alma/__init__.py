"""A practice Alma: behaves as the published facts say the REST API of Ex Libris Alma does, unknowns as switches."""

from sync.sandbox.alma.app import PracticeAlma
from sync.sandbox.alma.switches import READ_ONLY_KEY, READ_WRITE_KEY, AlmaSwitches

__all__ = ["READ_ONLY_KEY", "READ_WRITE_KEY", "AlmaSwitches", "PracticeAlma"]
