"""The repository of all chats, which builds only those definitions that it is asked for.

Belongs here: how the definitions of many chats are loaded.
Does not belong here: the definitions (:mod:`chat_forecast.definitions`).

Every run is a process of its own, which loads the code location to find its job. Building the definitions of a thousand
chats takes most of a minute, of one chat a tenth of a second. So:

- all definitions are built when somebody first asks for them, which is the code server;
- the job of some assets is built from the definitions of their chats alone;
- a process that executes a run knows its own chats only (:func:`confine`), since Dagster asks for the whole job once before
  it asks for the run's part of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

import dagster as dg

from chat_forecast.pipeline.compat import SINGLETON_REPOSITORY_NAME, RepositoryData
from chat_forecast.settings.models import Chat

Build = Callable[[Sequence[Chat]], dg.Definitions]
"""Builds the definitions of some chats."""


_own_chats: set[str] = set()
"""The chats that :func:`confine` was given; empty for all."""


def chats_of(run: dg.DagsterRun) -> set[str]:
    """The chats whose assets and checks a run was launched for; empty for a whole job."""
    keys = {*(run.asset_selection or ()), *(check.asset_key for check in run.asset_check_selection or ())}
    return {key.path[0] for key in keys}


def confine(slugs: AbstractSet[str]) -> None:
    """Let this process know only these chats, for the run that it executes; to be called before definitions are imported."""
    _own_chats.clear()
    _own_chats.update(slugs)


class ChatRepository(dg.RepositoryDefinition):
    """All chats as one repository, under the name that Dagster gives to the only repository of a code location."""

    def __init__(self, chats: Sequence[Chat], build: Build) -> None:
        if _own_chats:
            chats = [chat for chat in chats if chat.slug in _own_chats]
        self._chats = {chat.slug: chat for chat in chats}
        self._build = build
        super().__init__(SINGLETON_REPOSITORY_NAME, repository_data=LazyRepositoryData(lambda: build(chats)))

    def get_maybe_subset_job_def(
        self,
        job_name: str,
        op_selection: Iterable[str] | None = None,
        asset_selection: AbstractSet[dg.AssetKey] | None = None,
        asset_check_selection: AbstractSet[dg.AssetCheckKey] | None = None,
    ) -> dg.JobDefinition:
        """Find a job, or the part of it that makes some assets and checks, building the definitions of their chats alone."""
        keys = {*(asset_selection or ()), *(check.asset_key for check in asset_check_selection or ())}
        slugs = {key.path[0] for key in keys}
        if not slugs or not slugs <= set(self._chats) or slugs == set(self._chats):
            whole: dg.RepositoryDefinition = super()  # type: ignore[assignment]  # the same methods
        else:
            whole = self._build([chat for slug, chat in self._chats.items() if slug in slugs]).get_repository_def()
        job: dg.JobDefinition = whole.get_maybe_subset_job_def(
            job_name, op_selection, asset_selection, asset_check_selection
        )
        return job


class LazyRepositoryData(RepositoryData):
    """A repository's data, which is built when any of it is first asked for."""

    def __init__(self, build: Callable[[], dg.Definitions]) -> None:
        self._build = build

    @cached_property
    def built(self) -> RepositoryData:
        """The data of the repository of all chats."""
        return self._build().get_repository_def()._repository_data

    def get_top_level_resources(self) -> Mapping[str, dg.ResourceDefinition]:
        """See the base class, as all that follows."""
        return self.built.get_top_level_resources()

    def get_env_vars_by_top_level_resource(self) -> Mapping[str, AbstractSet[str]]:
        """Find the environment variables that resources name."""
        return self.built.get_env_vars_by_top_level_resource()

    def get_all_jobs(self) -> Sequence[dg.JobDefinition]:
        """Find every job."""
        return self.built.get_all_jobs()

    def get_job_names(self) -> Sequence[str]:
        """Find every job's name."""
        return self.built.get_job_names()

    def has_job(self, job_name: str) -> bool:
        """Tell whether there is a job."""
        return self.built.has_job(job_name)

    def get_job(self, job_name: str) -> dg.JobDefinition:
        """Find a job."""
        return self.built.get_job(job_name)

    def get_all_schedules(self) -> Sequence[dg.ScheduleDefinition]:
        """Find every schedule."""
        return self.built.get_all_schedules()

    def get_all_sensors(self) -> Sequence[dg.SensorDefinition]:
        """Find every sensor."""
        return self.built.get_all_sensors()

    def get_source_assets_by_key(self) -> Mapping[dg.AssetKey, Any]:
        """Find the assets of other code locations."""
        return self.built.get_source_assets_by_key()

    def get_assets_defs_by_key(self) -> Mapping[dg.AssetKey, dg.AssetsDefinition]:
        """Find every asset."""
        return self.built.get_assets_defs_by_key()

    def get_asset_checks_defs_by_key(self) -> Mapping[dg.AssetCheckKey, dg.AssetChecksDefinition]:
        """Find every check."""
        return self.built.get_asset_checks_defs_by_key()

    def get_asset_job_nodes(self) -> Sequence[Any]:
        """Find what the asset jobs consist of."""
        return self.built.get_asset_job_nodes()

    def load_all_definitions(self) -> None:
        """Build everything."""
        self.built.load_all_definitions()  # type: ignore[no-untyped-call]  # Dagster's
