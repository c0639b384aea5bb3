"""One plan, several renderings: JSON for machines, text for people."""
