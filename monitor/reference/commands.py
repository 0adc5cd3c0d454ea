"""docs/reference/cli.md, from the commands themselves: usage, arguments and options as `--help` has them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

import typer.main

from monitor import cli
from monitor.reference.tables import code, table
from monitor.scan import command as scan

_HEAD: Final = """\
# Command line: every command

For looking up a command or an option; `leakstream COMMAND --help` says the same. Pages that show them at work: [docs](../README.md).

Made from the code by `python -m monitor.reference docs`; a test compares the two.

Exit status: 0 done, 1 findings or a check that failed, 2 the call or the configuration was wrong, 130 ended by Ctrl-C. Where a command
knows more, its text says so. Commands that take `--config` read `./leakstream.toml` without it, if that is there.

"""
_WORDS: Final = {Path: "path", int: "whole number", float: "number"}


def page() -> str:
    """The whole page. Imports every command."""
    tree = typer.main.get_command(cli.build())
    found = list(walk(tree))
    listed = table(
        ("command", "does"),
        ((f"[`{name}`](#{name.replace(' ', '-')})", _first(each.help)) for name, each in found),
    )
    return "\n".join([_HEAD + listed, *(_command(name, each) for name, each in found)])


def walk(group: Any, before: str = "leakstream") -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its whole name, in the order of the help."""
    for name, each in group.commands.items():
        whole = f"{before} {name}"
        if not hasattr(each, "commands"):
            yield whole, each
            continue
        if each.invoke_without_command:
            yield whole, each
        yield from walk(each, whole)


def options(name: str, each: Any) -> set[str]:
    """Every option that the command takes, as it is written."""
    if name == "leakstream scan":
        return {flag for action in scan.parser()._actions for flag in action.option_strings}  # noqa: SLF001 - argparse has no other list
    found = {flag for parameter in each.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    return {flag for flag in found if flag.startswith("-")} | {"--help"}


def _command(name: str, each: Any) -> str:
    if name == "leakstream scan":
        return _scan(name)
    with typer.Context(each, info_name=name) as context:
        usage = re.sub(
            r"\{(\w+)\}", lambda found: found[1].upper(), " ".join(each.collect_usage_pieces(context))
        )
    rows = [_row(parameter) for parameter in each.params if not getattr(parameter, "hidden", False)]
    text = "\n\n".join(" ".join(part.split()) for part in (each.help or "").split("\n\n"))
    return f"## {name}\n\n`{name} {usage}`\n\n{text}\n\n" + table(("", "takes", "default", "says"), rows)


def _row(parameter: Any) -> tuple[str, str, str, str]:
    flags = [*parameter.opts, *parameter.secondary_opts]
    name = parameter.name.upper() if parameter.param_type_name == "argument" else ", ".join(flags)
    kind = "" if getattr(parameter, "is_flag", False) else _kind(parameter)
    shown = "required" if parameter.required else _default(parameter.default)
    return code(name), kind, shown, parameter.help or ""


def _kind(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(code(str(choice.value)) for choice in annotation)
    name = _WORDS.get(annotation, "text")
    bounds = [
        f"{word} {bound:,}"
        for word, bound in (("at least", parameter.min), ("at most", parameter.max))
        if bound is not None
    ]
    return f"{name} ({', '.join(bounds)})" if bounds else name


def _default(value: Any) -> str:
    if value is None or value is False or value in ((), []) or callable(value):
        return ""
    return code(str(getattr(value, "value", value)))


def _scan(name: str) -> str:
    parser = scan.parser()
    rows = []
    for action in parser._actions:  # noqa: SLF001 - as above
        flags = ", ".join(action.option_strings) or str(action.metavar)
        kind = ", ".join(code(choice) for choice in action.choices or ())
        if isinstance(action, argparse.BooleanOptionalAction) or action.nargs == 0:
            kind = ""
        elif not kind and action.option_strings:
            kind = str(action.metavar or "").lower()
        rows.append(
            (
                code(flags),
                kind,
                "",
                (action.help or "").replace("show this help message and exit", "Show this help."),
            )
        )
    usage = "TARGET… [OPTIONS]"
    return f"## {name}\n\n`{name} {usage}`\n\n{scan.HELP}\n\n{scan.STATUS}\n\n" + table(
        ("", "takes", "default", "says"), rows
    )


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())
