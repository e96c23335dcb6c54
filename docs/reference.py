"""Writes docs/reference.md: every public name with its signature, from its docstring.

python docs/reference.py
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

PAGE = Path(__file__).parent / "reference.md"
MODULES = (
    "bounds.claim", "bounds.checks", "bounds.register", "bounds.symbols", "bounds.law.scales",
    "bounds.law.score", "bounds.law.error", "bounds.constants",
    "verification.setting", "verification.prediction.law", "verification.simulation",
    "verification.fitting.fit",
    "verification.judging.run", "verification.judging.verdict", "verification.statistics.evidence",
    "verification.engines.estimate", "verification.quantities.registry", "verification.judging.own_claims",
    "verification.engines.seeds", "verification.sweeps.grid", "verification.sweeps.sweep",
    "verification.replication.store", "verification.sweeps.export", "verification.errors",
    "filtergain.testing",
)  # fmt: skip
"""What users call, write or catch, in the order of the page."""

HEAD = """# Reference

Made by `python docs/reference.py` from the docstrings: do not edit. What is shown here may be relied on;
`bounds` is [what is claimed](../proofs_notes/notation.md), `verification`
[how it is tested](../proofs_notes/evidence.md).
"""


def page() -> str:
    """The whole page."""
    modules = [importlib.import_module(name) for name in MODULES]
    contents = [f"- [`{m.__name__}`](#{m.__name__.replace('.', '')}): {_first(m)}" for m in modules]
    return "\n".join([HEAD, *contents, "", *("\n".join(_module(m)) for m in modules)]).rstrip() + "\n"


def _module(module: ModuleType) -> list[str]:
    lines = [f"## {module.__name__}", "", _prose(module), ""]
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            lines += _class(name, value)
        elif inspect.isfunction(value) or hasattr(value, "__wrapped__"):
            lines += [f"### `{name}{_signature(value)}`", "", _prose(value), ""]
    return lines


def _class(name: str, value: type) -> list[str]:
    shown = f"{name}{_signature(value)}" if dataclasses.is_dataclass(value) else name
    lines = [f"### `{shown}`", "", _prose(value), ""]
    if issubclass(value, enum.Enum):
        return [*lines, ", ".join(f"`{member.name}`" for member in value), ""]
    for member, attribute in vars(value).items():
        function = attribute.fget if isinstance(attribute, property) else attribute
        function = getattr(function, "__func__", function)
        if member.startswith("_") or not inspect.isfunction(function):
            continue
        call = "" if isinstance(attribute, property) else _signature(function)
        lines.append(f"- `.{member}{call}`: {' '.join(_prose(function).split())}")
    return [*lines, ""] if lines[-1] else lines


def _signature(value: Any) -> str:
    """Names and defaults; types are in the source, and objects without a short form are left out."""
    parts, marked = [], False
    for parameter in inspect.signature(value).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not marked:
            parts.append("*")
            marked = True
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        text = stars + parameter.name
        if parameter.default is not parameter.empty:
            default = repr(parameter.default)
            text += f"={'...' if default.startswith('<') or len(default) > 30 else default}"
        parts.append(text)
    return f"({', '.join(parts)})"


def _prose(value: Any) -> str:
    """The docstring; code stays code, and neither a tilde nor an angle means anything to Markdown."""
    text = inspect.getdoc(value) or ""
    if dataclasses.is_dataclass(value) and text.startswith(f"{getattr(value, '__name__', '')}("):
        return ""
    # Indented lines of a docstring are code.
    text = re.sub(
        r"(?<=\n\n)((?: {4}.*\n?)+)", lambda m: f"```text\n{inspect.cleandoc(m[0])}\n```\n", text + "\n"
    )
    pieces = re.split(r"(```text\n.*?\n```|`[^`]*`)", text.strip(), flags=re.DOTALL)
    return "".join(p if i % 2 else re.sub(r"([~<])", r"\\\1", p) for i, p in enumerate(pieces))


def _first(module: ModuleType) -> str:
    return _prose(module).partition("\n\n")[0].replace("\n", " ").removesuffix(".")


if __name__ == "__main__":
    PAGE.write_text(page())
