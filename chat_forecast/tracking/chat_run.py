"""What MLflow holds once for a chat: its experiment, the run above all others, and its registered model.

Belongs here: finding or making them, and forgetting in the ledger what MLflow does not have any more.
Does not belong here: days (:mod:`.score_runs`) and trainings (:mod:`.model_registry`).
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chat_forecast.settings.models import Chat
from chat_forecast.storage.locks import LockTaken
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking import descriptions
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.descriptions import NOTE
from chat_forecast.tracking.entities import own_tags
from chat_forecast.tracking.ledger import Ledger
from chat_forecast.tracking.links import experiment_name, registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run
    from mlflow.entities.model_registry import RegisteredModel

PARENT = "mlflow.parentRunId"
PAGE = 1000


@dataclass(frozen=True)
class Place:
    """Where a chat's days and trainings are logged."""

    tracking: Tracking
    client: "MlflowClient"
    chat: Chat
    ledger: Ledger
    aliases: Collection[str] = ()
    """Of the registered model, as they were found."""

    @property
    def is_simulated(self) -> bool:
        """Whether the chat is made up."""
        return self.chat.source == "simulated"

    def runs(self, kind: str, **tags: str) -> "Iterator[Run]":
        """All runs of a kind, the oldest first; with these of our tags, if any are given."""
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in own_tags(kind=kind, **tags).items())
        token = None
        while True:
            page = self.client.search_runs(
                [self.ledger.experiment], wanted, max_results=PAGE, order_by=["start_time ASC"], page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return


@contextmanager
def ledger_lock(tracking: Tracking, storage: ChatStorage, purpose: str, seconds: float) -> Iterator[None]:
    """Keep out other processes that would log the same chat, or delete of it.

    Raises:
        TrackingUnavailable: another one did so for all of ``seconds``.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(storage.locks.hold(f"{storage.chat}.mlflow", seconds))
        except LockTaken:
            raise tracking.unavailable(purpose, "another process was logging it all the time") from None
        yield


def find_place(tracking: Tracking, client: "MlflowClient", chat: Chat, ledger: Ledger) -> Place:
    """Find a chat's experiment, run and registered model, or make them; the ledger then names them.

    Where MLflow lacks what the ledger names, because it was deleted there or the store is another one, the
    ledger forgets what was logged to it. A deleted experiment is restored, since MLflow gives its name to no other.
    """
    place = Place(tracking, client, chat, ledger)
    experiment = _experiment(place)
    run = _run_of_ledger(place, experiment.experiment_id)
    ledger.store, ledger.experiment = tracking.store, experiment.experiment_id
    if run is None:
        ledger.scores.clear()
        ledger.trainings.clear()
        run = next(place.runs("chat"), None) or _new_run(place)
        ledger.run = run.info.run_id
    if run.info.status != "FINISHED":  # just made, now or by a run that died
        client.set_terminated(ledger.run)
    model = _registered_model(place)
    if ledger.registered_at != model.creation_timestamp:
        ledger.trainings.clear()
        ledger.pruned, ledger.registered_at = 0, model.creation_timestamp
    return replace(place, aliases=frozenset(model.aliases))


def _experiment(place: Place) -> "Experiment":
    client, chat = place.client, place.chat.slug
    found = client.get_experiment_by_name(experiment_name(chat))
    note = descriptions.experiment(chat, is_simulated=place.is_simulated)
    if found is None:
        # The kind makes the UI show metrics and models first, not conversations with a language model.
        tags = {"mlflow.experimentKind": "custom_model_development", NOTE: note}
        location = place.tracking.artifact_location(chat)
        return client.get_experiment(client.create_experiment(experiment_name(chat), location, tags))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    if NOTE not in found.tags:  # made by version 0.1.0
        client.set_experiment_tag(found.experiment_id, NOTE, note)
    return found


def _run_of_ledger(place: Place, experiment: str) -> "Run | None":
    """The chat's run that the ledger names, if MLflow still has it."""
    if not place.ledger.run or place.ledger.experiment != experiment:
        return None
    return active_run(place.client, place.ledger.run)


def active_run(client: "MlflowClient", run_id: str) -> "Run | None":
    """A run, unless it was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _new_run(place: Place) -> "Run":
    note = descriptions.chat_run(place.chat.slug, place.tracking.dagster_url, is_simulated=place.is_simulated)
    tags = {**own_tags(kind="chat", chat=place.chat.slug, is_simulated=place.is_simulated), NOTE: note}
    return place.client.create_run(place.ledger.experiment, run_name=descriptions.CHAT_RUN_NAME, tags=tags)


def _registered_model(place: Place) -> "RegisteredModel":
    """The chat's registered model, which is made if there is none."""
    from mlflow.exceptions import MlflowException

    client, chat = place.client, place.chat.slug
    name, note = registered_name(chat), descriptions.registered_model(chat, is_simulated=place.is_simulated)
    try:
        model = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return client.create_registered_model(name, tags=own_tags(chat=chat), description=note)
    if not model.description:  # made by version 0.1.0
        client.update_registered_model(name, note)
    return model
