"""The deployment on many machines, with real servers: ``python -m chat_forecast_tests distributed``.

PostgreSQL and Redis on loopback, ``chat-forecast up`` as one machine, and Celery workers as two more, each with a home of
its own. A backfill goes on while a worker is killed; afterwards every partition equals that of one machine, byte for byte.
This is no part of the tests, whose time is limited, but a step of CI.
"""
