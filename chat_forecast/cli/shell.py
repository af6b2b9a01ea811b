"""Help for the shell: ``completion``."""

import click
from click.shell_completion import get_completion_class

from chat_forecast.cli.base import examples

VARIABLE = "_CHAT_FORECAST_COMPLETE"


@click.command(
    epilog=examples(
        'eval "$(chat-forecast completion bash)"   # in ~/.bashrc',
        'eval "$(chat-forecast completion zsh)"    # in ~/.zshrc',
        "chat-forecast completion fish > ~/.config/fish/completions/chat-forecast.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    The script completes commands, options and chat names.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"completion for {shell} is not known")
    click.echo(kind(context.find_root().command, {}, "chat-forecast", VARIABLE).source())
