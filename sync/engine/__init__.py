"""One module per verb: read, match, plan, apply, verify; and `migrate`, which tells them in order."""
