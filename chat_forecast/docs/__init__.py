"""The longer documentation: Markdown files beside this module, and the one that is generated.

Belongs here: pages for people who use the program, and what writes the configuration reference.
Does not belong here: how the code works; that stands in the code.
"""
