"""Data at rest: partitions and archives, their schemas, whole files, locks.

Belongs here: what a stored file holds, and reading and replacing it.
Does not belong here: computing what is stored.
"""
