"""Importing this module lets a process ignore Ctrl-C: see :mod:`.side_process`.

Belongs here: what the fork server imports before all else. Ctrl-C in a terminal reaches it too, and until it has imported
what its processes need it would say so in the words of Python.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
