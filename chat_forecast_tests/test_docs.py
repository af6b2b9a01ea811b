"""What the README and the pages of documentation say is so: links, commands, options, settings."""

import importlib
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from chat_forecast.docs import schemas
from chat_forecast.docs.reference import PAGE, TABLES, configuration_reference
from chat_forecast.settings.models import Chat, _Settings
from chat_forecast_tests import benchmarks
from chat_forecast_tests.commands import all_commands

ROOT = Path(__file__).parents[1]
DOCUMENTATION = [ROOT / "data" / "README.md", *sorted((ROOT / "chat_forecast" / "docs").glob("*.md"))]
PAGES = [ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", ROOT / ".github" / "SECURITY.md", *DOCUMENTATION]
TOP_LEVEL = {
    *("chat_forecast", "chat_forecast_tests", "data", "workspace.yaml", "pyproject.toml", "README.md"),
    *("CHANGELOG.md", "LICENSE", "constraints.txt", ".ci", ".github", ".gitignore", ".pre-commit-config.yaml"),
}
OF_ONE_MACHINE = (
    rb"(?<![\w./-])/(?:work|root|opt|mnt|Users)/|pythonhosted|\bpypi\.|--(?:extra-)?index-url|--find-links|--trusted-host"
)
"""Local paths, and the hosts and options of package registries: pip's own settings say where packages come from."""
README = PAGES[0].read_text(encoding="utf-8")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are shown on the web."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> list[str]:
    """Every use of the command in a page, in fences and between backticks, continued lines joined."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    fenced = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = []
    for line in [*fenced, *quoted]:
        for part in re.split(r"&&|\||;|\$\(|\)|>", line):
            at = re.search(r"(?:^|[\s/\"])chat-forecast(?:\s.*)?$", part.strip())
            if at:
                found.append(part.strip()[part.strip().index("chat-forecast") :].strip('"'))
    return found


@every_page
def test_per_cent_is_written_in_one_way(page):
    assert re.findall(r"[0-9]\s%", page.read_text(encoding="utf-8")) == []


@every_page
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}"


@every_page
def test_every_command_and_option_that_is_shown_exists(page):
    for line in commands(page):
        words = shlex.split(line, comments=True)[1:]
        if not words:
            continue
        command = all_commands().get(words[0])
        assert command, line
        if isinstance(command, click.Group):
            assert len(words) > 1, line
            assert words[1] in command.commands, line
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
        assert {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)} <= known, line


def test_the_commands_of_the_pages_are_found():
    assert "chat-forecast demo" in commands(PAGES[0])
    assert "chat-forecast report my-chat --open" in commands(PAGES[0])


def test_readme_names_every_command():
    for name in all_commands():
        assert f"chat-forecast {name}" in README, name


def test_readme_s_configuration_is_valid():
    for block in re.findall(r"```toml\n(.*?)```", README, re.DOTALL):
        for slug, table in tomllib.loads(block).get("chats", {}).items():
            Chat.model_validate({**table, "slug": slug})


def test_configuration_reference_is_what_the_models_say():
    assert set(TABLES.values()) == set(_Settings.__subclasses__()), "a table of the configuration is left out"
    assert PAGE.read_text(encoding="utf-8") == configuration_reference(), "run: python -m chat_forecast.docs"


def test_the_page_about_stored_files_is_what_the_schemas_say():
    assert schemas.PAGE.read_text(encoding="utf-8") == schemas.schema_reference(), "run: python -m chat_forecast.docs"


def test_every_page_of_documentation_is_linked_from_the_readme():
    for page in PAGES[1:]:
        assert str(page.relative_to(ROOT)) in README


def test_the_list_of_benchmarks_is_whole_and_each_finds_what_it_imports():
    found = sorted(path.stem for path in Path(benchmarks.__file__).parent.glob("bench_*.py"))
    assert sorted(re.findall(r"^``(bench_\w+)", benchmarks.__doc__, re.MULTILINE)) == found
    for name in found:
        importlib.import_module(f"{benchmarks.__name__}.{name}")


@pytest.fixture(scope="module")
def tracked():
    """The files of the repository, by their names."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs git and a clone: without them nobody knows which files are the repository's")
    return listed.stdout.split("\0")[:-1]


def test_no_file_names_a_path_of_one_machine_or_a_registry(tracked):
    for name in tracked:
        path = ROOT / name
        if path.exists() and path != Path(__file__):
            assert not re.search(OF_ONE_MACHINE, path.read_bytes()), name


def test_nothing_lies_at_the_top_level_but_what_belongs_there(tracked):
    assert {name.partition("/")[0] for name in tracked} == TOP_LEVEL
