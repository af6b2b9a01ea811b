"""The longer documentation: Markdown files beside this module, and what generates two of them.

Belongs here: pages for people who use the program, and what writes the configuration reference and the page about stored
files.
Does not belong here: how a part of the code works; that stands in the code.
"""
