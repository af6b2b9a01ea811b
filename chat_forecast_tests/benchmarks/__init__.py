"""How long things take, how large they get, how good the forecasts are: each benchmark prints what it measured.

Run one with ``python -m chat_forecast_tests.benchmarks.NAME``; its docstring explains the arguments and the figures.

=========================================== ==========================================================================
``bench_backfill [FILE ZONE [FIRST LAST]]`` importing a real chat and backfilling its days: time, memory, disk, scores
``bench_changes FOLDER [CHAT …]``           what is found of changes, planted and real, and the forecasts after them
``bench_day``                               ``--help``, ``show`` and ``run``: time and memory
``bench_dependencies``                      installed sizes and import times, with and without the extra ``report``
``bench_disk [NIGHTS]``                     what nights leave on the disk, and what pruning leaves of that
``bench_event_log [DAYS]``                  what a backfill leaves in Dagster's event log
``bench_events``                            what an event of a run costs in PostgreSQL, of a deployment on many machines
``bench_forecast FOLDER [CHAT …]``          the forecasts of real chats beside what one might use instead
``bench_formats FOLDER``                    exports of other programs: messages and hours right, others refused
``bench_gaps FOLDER [--hide N]``            unread stretches of real chats that message ids show: found, missed, other
``bench_great_day [MESSAGES …]``            a day of very many messages through the real client, with waits in between
``bench_great_night [MESSAGES …]``          the night after a day of very many messages, from the start of the process
``bench_history [DAYS …]``                   years of a chat without a training: time and memory, and whether they grow alike
``bench_import [EXPORT]``                   importing a Telegram Desktop export of a million messages: time and memory
``bench_lineage [CHATS …]``                 a chat's lineage page in a browser, and how long a queued run waits
``bench_load [CHATS …]``                    loading many chats: the code server, a run, the ticks of the sensors
``bench_looking [CHATS …]``                 ``status``, ``show``, ``report``, a plot, with years of many chats behind them
``bench_nights [CHATS]``                    one night of many chats inside ``up``, beside the command ``run``
``bench_report [--years N]``                a report page: size, time to build, time to draw in a browser
``bench_retraining [FOLDER]``               what each rule of retraining costs in trainings, and loses in accuracy
``bench_sanity FOLDER [CHAT …]``            missing data, bursts, changes of the level: what the forecasts of real chats do
``bench_telegram [--messages N]``           messages a second through the real client over a loopback
``bench_today FOLDER [CHAT …]``             the rest of a day from its hours so far; what the tests for unusual hours find
``bench_tracking [DAYS]``                   MLflow: milliseconds for a logged score and a registered model
``bench_week FOLDER [CHAT …]``              how often the intervals of the coming week hold, and those of today's total
``compare_forecasts BEFORE AFTER``          two outputs of ``bench_forecast``, of two versions, chat by chat
=========================================== ==========================================================================
"""
