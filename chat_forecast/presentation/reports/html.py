"""Templates made into HTML that fetches nothing and runs no script but its own.

Belongs here: Jinja's environment, the policy in the page's head, and data that can stand in a script element.
Does not belong here: what any page says.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from chat_forecast.presentation.phrases.catalogue import Phrases

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, phrases: Phrases, scripts: Sequence[str], **context: object) -> str:
    """A page; ``scripts`` are all the scripts in it, which alone may run."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False
    )
    allowed = " ".join(_source_hash(script) for script in scripts) or "'none'"
    policy = "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "style-src 'unsafe-inline'",  # the charts set styles of single elements
            f"script-src {allowed}",
        ]
    )
    style = raw(resource("page.css"))
    return environment.get_template(template).render(phrases=phrases, style=style, policy=policy, **context) + "\n"


def in_script(data: object) -> Markup:
    """JSON that can stand in a script element whatever its texts hold."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return raw(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def raw(text: str) -> Markup:
    """Text that stands in the page as it is."""
    return Markup(text)  # noqa: S704 - the package's own files, and JSON made safe above


def resource(name: str) -> str:
    """A file beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _source_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
