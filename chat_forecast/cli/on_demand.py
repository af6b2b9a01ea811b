"""A group of commands of which only the one that is asked for is imported.

Belongs here: finding a command by its name.
Does not belong here: which commands there are (:mod:`chat_forecast.cli`), or what a group does with errors (:mod:`.base`).
"""

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword

import click

from chat_forecast.cli.base import Commands


class CommandsOnDemand(Commands):
    """Commands that are each a function of a module, of the same name; behind one that Python reserves stands ``_``."""

    def __init__(self, *arguments: object, package: str, modules: Mapping[str, str], **settings: object) -> None:
        super().__init__(*arguments, **settings)  # type: ignore[arg-type]  # those of click's group
        self._package, self._modules = package, modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click hands it over; the names need none
        """The names of all commands, of which none is imported."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, if there is one."""
        if cmd_name in self._modules and cmd_name not in self.commands:
            module = import_module(f"{self._package}.{self._modules[cmd_name]}")
            self.add_command(getattr(module, f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name))
        return super().get_command(ctx, cmd_name)
