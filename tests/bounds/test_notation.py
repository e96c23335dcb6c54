"""proofs_notes/notation.md lists every declared symbol, with its letter, meaning and domain."""

from __future__ import annotations

from pathlib import Path

from bounds.symbols import SYMBOLS

NOTE = Path(__file__).parents[2] / "proofs_notes" / "notation.md"


def row(name: str) -> str:
    """The table row of a declared symbol, bars escaped as Markdown needs."""
    quantity = SYMBOLS[name]
    cells = (f"`{name}`", f"${quantity.paper}$", quantity.meaning, quantity.domain)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def test_every_symbol_has_its_row_and_no_row_is_stale():
    """The note's table is the register of symbols; the message shows the rows to add."""
    expected = [row(name) for name in SYMBOLS]
    written = [line for line in NOTE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    missing = [line for line in expected if line not in written]
    assert not missing, "add to proofs_notes/notation.md:\n" + "\n".join(missing)
    stale = [line for line in written if line not in expected]
    assert not stale, "remove from proofs_notes/notation.md:\n" + "\n".join(stale)
    assert written == expected, "the rows stand in the order of declaration"


def test_a_changed_meaning_is_seen():
    """Negative control: a row with another meaning is not among the expected ones."""
    assert row("eta").replace("clean", "corrupted") not in [row(name) for name in SYMBOLS]
