"""Pure decisions: what differs, what to write, in which order, at which cost. No I/O."""
