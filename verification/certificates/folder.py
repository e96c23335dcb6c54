"""A folder of certificates: one file a claim, and an index with the digest of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bounds.claim import Claim
from verification import files
from verification.certificates.make import FORMAT, NoCertificate, certificate, digest, statement, written
from verification.errors import InvalidArgument
from verification.recheck.check import Rechecked, recheck

INDEX = "index.json"
"""The file that names the others."""

OnProgress = Callable[[float, float, str], None]


def write(
    folder: Path,
    claims: Iterable[Claim],
    on_progress: OnProgress | None = None,
    without: list[str] | None = None,
) -> list[str]:
    """The certificates of these claims and their index; returns the names of the files.

    Every certificate is made before the first file is written.  Raises NoCertificate, unless there is a list
    for a line on each claim that is left `without` one.
    """
    chosen = list(claims)
    texts: dict[str, str] = {}
    for number, claim in enumerate(chosen):
        if on_progress is not None:
            on_progress(number, len(chosen), claim.id)
        try:
            texts[claim.id] = written(certificate(claim))
        except NoCertificate as reason:
            if without is None:
                raise
            without.append(str(reason))
    rows = [{"claim": name, "file": f"{name}.json", "digest": digest(text)} for name, text in texts.items()]
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        files.write(folder / f"{name}.json", text)
    files.write(folder / INDEX, written({"format": FORMAT, "certificates": rows}))
    return [f"{name}.json" for name in texts]


def recheck_folder(
    folder: Path, known: Mapping[str, Claim], index: Path | None = None, on_progress: OnProgress | None = None
) -> list[Rechecked]:
    """Every certificate that the index names, decided again and held against the claim that it is of.

    `index` is one that came another way, to see that nothing was changed since.  Raises InvalidArgument where
    there is no index.
    """
    place = index or folder / INDEX
    try:
        rows = json.loads(place.read_text(encoding="utf-8"))["certificates"]
        named = [(str(row["claim"]), str(row["file"]), str(row["digest"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidArgument("DIR", str(folder), f"must hold certificates and their {INDEX}") from None
    found = []
    for number, (name, file, told) in enumerate(named):
        if on_progress is not None:
            on_progress(number, len(named), name)
        found.append(_one(folder, (name, file, told), known))
    return found


def _one(folder: Path, row: tuple[str, str, str], known: Mapping[str, Claim]) -> Rechecked:
    name, file, told = row
    if name not in known:
        return Rechecked(name, refused="no claim has this name")
    if Path(file).name != file:
        return Rechecked(name, refused=f"its file is in another folder: {file}")
    try:
        text = (folder / file).read_text(encoding="utf-8")
        content: Any = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return Rechecked(name, refused=f"{file} is not there, or is no JSON")
    if digest(text) != told:
        return Rechecked(name, refused=f"{file} was changed: its digest is not the index's")
    if not isinstance(content, dict):
        return Rechecked(name, refused=f"{file} is not a certificate")
    return recheck(content, statement(known[name]))
