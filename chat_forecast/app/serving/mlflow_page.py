"""MLflow's page as its first visitor sees it: the menu of runs and models.

Belongs here: what a browser that has chosen nothing yet is told.
Does not belong here: serving MLflow (:mod:`.mlflow_ui`).

MLflow opens its pages for language models at first: an experiment of ours is empty there. It also opens its assistant,
which :mod:`.mlflow_ui` closes, and says that it collects usage data, which is off. It keeps such choices in the browser.
"""

import json
from pathlib import Path

from chat_forecast.app.serving.web_app import App, Receive, Scope, Send

CHOICES = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    "mlflow.telemetry.info.alert.dismissed_v1": True,
}
"""MLflow's names for them; those of another version of it are passed over."""
_SCRIPT = (
    "<script>try{{for(const[key,value]of Object.entries({choices}))if(localStorage.getItem(key)===null)"
    "localStorage.setItem(key,JSON.stringify(value))}}catch{{}}</script>"
)


def with_choices(page: str) -> str:
    """The page with a script that makes the choices before MLflow's own runs; what somebody chose stays."""
    return page.replace("<head>", "<head>" + _SCRIPT.format(choices=json.dumps(CHOICES)), 1)


class WithChoices:
    """Answers for the page itself, and hands on all else to MLflow's application."""

    def __init__(self, app: App, page: Path, prefix: str = "") -> None:
        self._app = app
        self._body = with_choices(page.read_text(encoding="utf-8")).encode()
        self._path = f"{prefix}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        headers = {
            "content-type": "text/html; charset=utf-8",
            "content-length": len(self._body),
            "cache-control": "no-cache",
        }
        encoded = [(name.encode(), str(value).encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})
        await send({"type": "http.response.body", "body": self._body})
