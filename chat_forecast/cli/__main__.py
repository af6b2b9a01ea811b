"""``python -m chat_forecast.cli``, where no script is installed."""

from chat_forecast.cli import main

if __name__ == "__main__":  # a worker process imports this module too
    main()
