"""Files that nobody would write: made at random in the shapes that programs write, and from a corpus of known ones.

Belongs here: making them, and saying what must hold of whatever is read.
Does not belong here: a kind of file that was found to go wrong. It becomes a test of its own, and a file of the corpus.
"""
