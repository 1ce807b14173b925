"""What several commands share: arguments, folders, the loaded spec, progress."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

SpecName = Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped spec.")]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME by default.")]
Override = Annotated[
    list[str] | None, typer.Option("--set", help="Override, for example 'seeds=[0]'.")
]
Smoke = Annotated[bool, typer.Option("--smoke", help="The spec's own small size, in seconds.")]
NoBaselines = Annotated[
    bool, typer.Option("--no-baselines", help="Allow a table without baselines; it says so.")
]
Folders = Annotated[list[Path], typer.Argument(help="Folders of runs.")]


def run_folder(out: Path | None, name: str) -> Path:
    """The folder of a run."""
    return out or Path("runs") / name


def command_line(*words: str, out: Path | None = None, override: list[str] | None = None) -> str:
    """A `qml` command as a person types it again.

    >>> command_line("run", "demo", override=["seeds=[0]"])
    "qml run demo --set 'seeds=[0]'"
    """
    parts = ["qml", *words, *(["--out", str(out)] if out else [])]
    for text in override or []:
        parts += ["--set", text]
    return shlex.join(parts)


def console() -> Any:
    """Where tables go: the terminal as wide as it is, a file or pipe 180 columns wide."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 180)


@contextmanager
def stages(title: str, label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress display for one stage: call it with (done, total)."""
    from functools import partial

    from experiments.commands.display import live_display

    with live_display(title) as display:
        yield partial(display.stage, label)
