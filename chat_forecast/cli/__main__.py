"""``python -m chat_forecast.cli``, where no script is installed."""

from chat_forecast.cli import main

main()
