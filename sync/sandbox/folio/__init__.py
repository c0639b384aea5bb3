"""The practice FOLIO eHoldings, with its login: mod-kb-ebsco-java v7.0.0 in front of EBSCO HoldingsIQ.

Written from the published facts (facts: folio-eholdings-api). `switches.py` lists what they leave open.

- `app.py` routes; `login.py` tokens; `schema.py` and `bodies.py` what a body must look like
- `packages.py`, `titles.py`, `resources.py`, `providers.py`, `settings.py`: what the module does; `validation.py` and
  `query.py` what it refuses; `render.py` how it answers; `module.py` what it keeps itself
- `holdings_iq.py`, `vendor_lists.py`, `vendor_rules.py`, `quota.py`: EBSCO; `knowledge_base.py` what is stored there
"""

from sync.sandbox.folio.practice import PracticeFolio, StoredPackage, StoredResource, StoredTitle
from sync.sandbox.folio.switches import FolioSwitches, ProxyKind

__all__ = ["FolioSwitches", "PracticeFolio", "ProxyKind", "StoredPackage", "StoredResource", "StoredTitle"]
