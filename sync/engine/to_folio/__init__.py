"""The way to FOLIO: which of its records are Alma's, what they shall be, and how they are written."""
