"""The way to Alma: which of its records are FOLIO's, what they shall be, and how they are written."""
