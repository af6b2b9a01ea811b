"""``python -m chat_forecast.presentation.drawing``: draws for the process that starts it, see :mod:`.beside`."""

from chat_forecast.presentation.drawing.beside import main

if __name__ == "__main__":
    main()
