"""Importing this module lets a process ignore Ctrl-C: the fork server imports it first (:mod:`.worker_processes`).

Belongs here: what has to hold before the long imports begin. Ctrl-C in a terminal reaches the fork server too, which would
answer it with a traceback while it is importing.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
