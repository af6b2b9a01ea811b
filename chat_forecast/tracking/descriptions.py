"""What people read in MLflow: descriptions of experiments, runs, models and versions, in Markdown.

Belongs here: wording.
Does not belong here: when it is logged.
"""

from chat_forecast.settings.links import partition_url
from chat_forecast.tracking.links import registered_name
from chat_forecast.tracking.records import ScoreRecord, TrainingRecord

NOTE = "mlflow.note.content"
"""The tag that MLflow shows as the description of an experiment or a run."""

CHAT_RUN_NAME = "all days"


def experiment(chat: str, *, is_simulated: bool) -> str:
    """Describe a chat's experiment."""
    return (
        f"Forecasts of the hourly message counts of the {_chat(chat, is_simulated)}: how each day's forecast did, and every "
        f"model trained.\n\n"
        f"- The run **{CHAT_RUN_NAME}** holds all figures over all days: open its *Model metrics*.\n"
        "- A run **score** below it is one day: its hours with their forecast, and a plot.\n"
        "- A run **training** below it is one model: what was compared, why it was trained, and the model.\n\n"
        "The x-axis *Time (wall)* shows the days; a *step* is a day's number. MLflow holds a copy: nothing is lost if this "
        "is deleted, and the next run of the pipeline logs it again."
    )


def chat_run(chat: str, dagster_url: str, *, is_simulated: bool) -> str:
    """Describe the run that holds all figures of a chat."""
    url = f"{dagster_url.rstrip('/')}/assets/{chat}/daily_score"
    return (
        f"[daily_score in Dagster]({url})\n\n"
        f"Every figure of the {_chat(chat, is_simulated)}, one point a day, at the time the day began. Errors are in "
        "messages an hour; *smape* runs from 0 to 2; *skill* is 1 − error ÷ error of the same hour a week before."
    )


def score(chat: str, record: ScoreRecord, dagster_url: str, plot: str | None) -> str:
    """Describe the run of a scored day; the link first, since MLflow folds up what is below."""
    url = partition_url(dagster_url, chat, "daily_score", record.day.key)
    reason = record.tags.get("verdict_reason")
    verdict = f"Verdict: {reason}" if reason else None
    return _paragraphs(f"[daily_score of {record.day.key} in Dagster]({url})", verdict, plot)


def training(chat: str, record: TrainingRecord, dagster_url: str, plot: str | None) -> str:
    """Describe the run of a training."""
    url = partition_url(dagster_url, chat, "trained_model", record.day.key)
    return _paragraphs(f"[trained_model of {record.day.key} in Dagster]({url})", version(record), plot)


def plot_of(run_id: str, name: str) -> str:
    """Show a plot that is among a run's artifacts."""
    return f"![{name}](get-artifact?path={name}&run_uuid={run_id})"


def version(record: TrainingRecord) -> str:
    """Describe a version of a registered model: what it has seen, why it was trained, why this method."""
    hours = f"{record.data.hours_known:,} known hours from {record.first_hour[:10]} to {record.last_hour[:10]}"
    reason = f"Why it was trained: {record.reason}" if record.reason else None
    return _paragraphs(f"Trained through {record.day.key} on {hours}.", reason, f"Why this method: {record.why}")


def registered_model(chat: str, *, is_simulated: bool) -> str:
    """Describe a chat's registered model."""
    name = registered_name(chat)
    return (
        f"Forecasts the hourly message counts of the {_chat(chat, is_simulated)}. Each training is a version; the alias "
        "`champion` is on the one that is trained through the latest day, which makes the next forecast.\n\n"
        "```python\n"
        "from chat_forecast.tracking.stored_model import model_input\n"
        f'model = mlflow.pyfunc.load_model("models:/{name}@champion")\n'
        "forecast = model.predict(model_input(series, hours))\n"
        "```"
    )


def _chat(chat: str, is_simulated: bool) -> str:
    return f"simulated chat {chat}" if is_simulated else f"chat {chat}"


def _paragraphs(*said: str | None) -> str:
    return "\n\n".join(each for each in said if each)
