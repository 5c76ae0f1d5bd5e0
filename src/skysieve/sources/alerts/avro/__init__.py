"""Avro alert packets, from bytes to the fields and cutouts that vetting needs.

`container` finds the blocks of records, `schema` parses a writer's schema once,
`record` reads records of one schema, `cutout_chain` is the short way to the pixels.
"""
