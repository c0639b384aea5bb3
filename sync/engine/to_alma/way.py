"""How changes to Alma are carried out."""

from sync.engine.stages import Way
from sync.engine.still_gone import looked_at_again
from sync.engine.to_alma.batch import load, package_links
from sync.engine.to_alma.steps import REMOVALS, WRITES

TO_ALMA = Way(package_links=package_links, load=load, writes=WRITES, removals=looked_at_again(REMOVALS))
