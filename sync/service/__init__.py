"""The daemon: schedule, work, and what is seen from outside."""
