"""Everything that touches Postgres: tables, bulk load, set-based comparison, links, base, intents, budgets, locks."""
