"""``chat-forecast up``: the user interfaces and the daemon as processes on this machine, until it is stopped.

Belongs here: the processes, their commands and ports, and ending them, also after an ``up`` that was killed.
Does not belong here: what the processes show.
"""
