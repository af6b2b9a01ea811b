"""Commands that are killed at a random moment and done again, as ``python -m chat_forecast_tests kills`` does.

:mod:`.stages` says which commands, :mod:`.processes` starts and kills them, :mod:`.stored` compares what is left.
"""
