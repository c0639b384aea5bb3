"""A practice Alma and a practice FOLIO, written from the published facts, to rehearse with and to test against.

Nothing in this room imports a client or a mapping of the product: a practice server that shares its client's
misreadings would prove nothing.
"""
