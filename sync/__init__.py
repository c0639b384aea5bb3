"""Move and keep in step electronic holdings between Ex Libris Alma and FOLIO eHoldings."""
