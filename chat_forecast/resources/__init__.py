"""A path that models in MLflow name; nothing lives here any more.

Belongs here: the one module that models written by version 0.1.0 are loaded by.
Does not belong here: anything new.
"""
