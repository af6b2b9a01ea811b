"""Dagster's webserver, quick where its pages ask about the assets of all chats.

Belongs here: how that one question is answered.
Does not belong here: who may ask (:mod:`.guard`), and serving (:mod:`.dagster_ui`).

A page asks for the name, links and traits of every asset before it shows the six of a chat. GraphQL puts them together
field by field: three seconds for a thousand chats. Dagster also has them as one value, its manifest, in half a second, but
its UI asks for that in Dagster's cloud alone. So the question is put otherwise here, and the answer is remembered until the
definitions are loaded again, since it depends on nothing else. Any other question is answered as Dagster does: a UI of
another version, which asks for other traits, is as slow as it is without this module.
"""

import asyncio
import re
import threading
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

from dagster_webserver.webserver import DagsterWebserver
from graphql import parse, print_ast, separate_operations
from starlette.responses import JSONResponse

from chat_forecast.app.serving.commands import LOCATION
from chat_forecast.app.serving.stored_links import ServedAddresses
from chat_forecast.pipeline.compat import CurrentWorkspace, WorkspaceProcessContext, WorkspaceRequestContext

QUESTION = files(__package__).joinpath("all_assets.graphql").read_text().rstrip("\n")
"""The question as the UI puts it, of which ``test_pages.py`` sees to it."""
OPERATION = "LocationWorkspaceAssetsQuery"
NODES = re.compile(r"\bassetNodes \{.*?\}", re.DOTALL)
"""Where it asks for the traits of each asset."""


def by_manifest(question: str) -> str:
    """The same question, put so that the traits of all assets are one value."""
    document = parse(NODES.sub("assetNodes: assetManifest", question))
    return print_ast(separate_operations(document)[OPERATION])  # without the fragments that name the traits


class QuickWebserver(DagsterWebserver[WorkspaceProcessContext, WorkspaceRequestContext]):
    """Answers about all assets by the manifest, once for each loading of the definitions."""

    def __init__(
        self, context: WorkspaceProcessContext, prefix: str, poll_milliseconds: int, served: ServedAddresses
    ) -> None:
        super().__init__(context, prefix, poll_milliseconds)
        self._served = served
        self._question = by_manifest(QUESTION)
        self._answers: WeakKeyDictionary[CurrentWorkspace, JSONResponse] = WeakKeyDictionary()
        self._asking = threading.Lock()
        """Held while it is found out; who asks meanwhile, each in a thread of its own, waits for the same answer."""

    def look_ahead(self) -> threading.Thread:
        """Find, in a thread beside the serving, what the first page would wait a second for."""
        thread = threading.Thread(target=self._find_first_answers, name="look-ahead", daemon=True)
        thread.start()
        return thread

    def _find_first_answers(self) -> None:
        with self._process_context.create_request_context() as context:
            asyncio.run(self.gen_graphql_response(context, QUESTION, {"name": LOCATION}, OPERATION))
            _ = context.asset_graph  # built when it is first asked for

    async def gen_graphql_response(
        self,
        request_context: WorkspaceRequestContext,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
    ) -> JSONResponse:
        """Answer a question. If the quick way to put it fails, the question is answered as Dagster would."""
        if (query, variables) == (QUESTION, {"name": LOCATION}):
            workspace = request_context.get_current_workspace()
            with self._asking:
                if workspace not in self._answers:
                    found = await super().gen_graphql_response(request_context, self._question, variables, OPERATION)
                    if found.status_code == HTTPStatus.OK:
                        self._answers[workspace] = found
            if workspace in self._answers:
                return self._answers[workspace]
        found = await super().gen_graphql_response(request_context, query, variables, operation_name)
        if (body := self._served.led_here(bytes(found.body))) != found.body:
            found.body = body
            found.headers["content-length"] = str(len(body))
        return found
