"""Reading message files: one family of file formats a module.

Belongs here: recognising formats (:mod:`.detect`), and turning one file into batches of messages.
Does not belong here: pseudonyms, made identities and the archive (:mod:`chat_forecast.app.importing`).
"""
