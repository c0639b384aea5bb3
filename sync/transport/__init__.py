"""What both clients share: rate limit, daily budget, retries, error bodies, redaction, and the one way out.

A call travels: client → `Connection` (login, budget, limiter, retries, error mapping) → `Http` → network.
Only `http` knows the HTTP library.
"""
