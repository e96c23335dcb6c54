"""Every page does what it says: its Python runs, its commands end as told, its links lead somewhere.

Python blocks of a page share a namespace, and its commands a folder with a copy of `examples/`, in the
order in which they stand.  A comment before a block says more: `<!-- slow -->`, `<!-- quick -->` (for
commands that are slow as a rule), `<!-- exit: 1 -->`, `<!-- not run: why -->`, and `<!-- file: a.toml -->`
(the block is that file; `; in the tests n = 1e4; replicates = 2` puts other values).  Lines below a
command are its output, `...` standing for anything; a command without any is only run.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import script

from bounds import claims
from verification.cli.main import run

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "proofs_notes/*.md", "examples/**/*.md", "filtergain/papers/*.md")
    for page in ROOT.glob(pattern)
)
NOT_RUN = ("pip install", "make ", "git ", "cd ", "pre-commit ", "dask ", "mpiexec ")
"""Commands that install, or need a cluster or a checkout: shown, not run."""

HEAVY = ("filtergain verify", "filtergain reproduce", "filtergain sweep", "pytest")
"""Commands that take their time: left out of the quick run unless the block says otherwise."""

FEWER = {"filtergain reproduce table-1": " --replicates 25"}
"""What is added to a command in the tests, where its numbers are the same with fewer draws but for noise."""

LANGUAGES = ("python", "console", "toml", "yaml", "json", "sh", "text", "")
FENCE = re.compile(
    r"^(?:<!-- *(?P<mark>[^>]*?) *-->\n+)?```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, first line in the page, and what its comment says."""

    language: str
    body: str
    line: int
    mark: str

    def slow(self, command: str = "") -> bool:
        """Whether the block, or one command of it, is left out of the quick run."""
        return self.mark == "slow" or (self.mark != "quick" and command.startswith(HEAVY))

    @property
    def status(self) -> int:
        """The exit status that its last command must have."""
        return int(self.mark.removeprefix("exit:")) if self.mark.startswith("exit:") else 0


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(m["language"], m["body"], text[: m.start("body")].count("\n") + 1, m["mark"] or "")
        for m in FENCE.finditer(text)
    ]


def commands(block: Block) -> list[tuple[str, str]]:
    """(command, expected output) of a console block; a backslash at the end continues a command."""
    joined = block.body.replace("\\\n", " ")
    parts = re.split(r"^\$ ", joined, flags=re.M)
    assert not parts[0].strip(), f"line {block.line}: a console block starts with '$ '"
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts[1:])]


def perform(command: str) -> tuple[int, str]:
    """Run one line and return its exit status and standard output (which `> FILE` sends to a file)."""
    fewer = next((more for start, more in FEWER.items() if command.startswith(start)), "")
    words = shlex.split(command, comments=True) + fewer.split()
    target = None
    if ">" in words:
        words, (target,) = words[: words.index(">")], words[words.index(">") + 1 :]
    out = io.StringIO()
    if words[0] == "filtergain":
        with contextlib.redirect_stdout(out):
            status = run(words[1:])
    else:
        assert words[0] in ("pytest", "python"), f"neither run nor known: {command}"
        line = [sys.executable, *(["-m", "pytest", "-p", "no:cacheprovider"] if words[0] == "pytest" else [])]
        done = subprocess.run([*line, *words[1:]], capture_output=True, text=True, check=False)
        status, _ = done.returncode, out.write(done.stdout)
    if target is not None:
        Path(target).write_text(out.getvalue())
    return status, out.getvalue()


def write(block: Block) -> None:
    """Make the file that a block is, with the values for the tests."""
    name, _, values = block.mark.removeprefix("file:").partition("; in the tests ")
    text = block.body
    for value in filter(None, values.split("; ")):
        key = value.partition("=")[0].strip()
        text, count = re.subn(rf"^{key} *=.*$", value, text, flags=re.M)
        assert count == 1, f"line {block.line}: {key} stands {count} times"
    target = Path(name.strip())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def slow(page: str) -> bool:
    """Whether some block or command of a page is left out of the quick run."""
    found = blocks((ROOT / page).read_text())
    lines = [(b, c) for b in found if b.language == "console" for c, _ in commands(b)]
    return any(b.slow() for b in found) or any(b.slow(c) for b, c in lines)


def execute(page: str, with_slow: bool) -> int:
    """Run what a page shows in the current folder; returns how many blocks ran."""
    namespace: dict[str, object] = {"__name__": "page"}
    ran = 0
    for block in blocks((ROOT / page).read_text()):
        if block.mark.startswith("file:"):
            write(block)
            continue
        if block.mark.startswith("not run:") or (block.slow() and not with_slow):
            continue
        if block.language == "python":
            # Empty lines in front keep the page's line numbers in tracebacks.
            code = compile("\n" * block.line + block.body, str(ROOT / page), "exec")
            exec(code, namespace)
            ran += 1
        elif block.language == "console":
            shown = commands(block)
            for number, (command, expected) in enumerate(shown, start=1):
                if command.startswith(NOT_RUN) or (block.slow(command) and not with_slow):
                    continue
                status, out = perform(command)
                wanted = block.status if number == len(shown) else 0
                assert status == wanted, f"{page}, line {block.line}: {command} ended with {status}"
                if expected.strip():
                    same = doctest.OutputChecker().check_output(expected, out, FLAGS)
                    assert same, f"{page}, line {block.line}: {command} printed\n{out}"
                ran += 1
    return ran


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the examples in it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    return tmp_path


RUNNABLE = [
    page for page in PAGES
    if any(b.language in ("python", "console") for b in blocks((ROOT / page).read_text()))
]  # fmt: skip
WITH_SLOW = [page for page in RUNNABLE if slow(page)]


@pytest.mark.parametrize("page", RUNNABLE)
def test_what_a_page_shows_runs(page, folder):
    """Every Python block and command of a page works, the slow ones aside."""
    execute(page, with_slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SLOW)
def test_the_slow_parts_of_a_page_run(page, folder):
    """With its slow blocks, a page works from top to bottom."""
    assert execute(page, with_slow=True)


@pytest.mark.parametrize("page", PAGES)
def test_blocks_are_of_known_kinds(page):
    """No block escapes the tests by an unknown language, and no comment by an unknown word."""
    text = (ROOT / page).read_text()
    for block in blocks(text):
        assert block.language in LANGUAGES, f"line {block.line}: {block.language}"
        # Shell blocks do not run: commands belong in console blocks.
        if block.language == "sh":
            assert block.mark.startswith("not run:"), f"line {block.line}: use a console block"
    assert text.count("\n```") + text.startswith("```") == 2 * len(blocks(text)), "an unbalanced fence"


def slug(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Every anchor of a page."""
    text = FENCE.sub("", page.read_text())
    return {slug(heading) for heading in re.findall(r"^#{1,6} +(.*)$", text, re.M)}


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of `text`, standing in `page`, that lead nowhere."""
    broken = []
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """Every relative link of a page names a file that is there, and an anchor that it has."""
    assert broken_links(ROOT / page, (ROOT / page).read_text()) == []


def unlinked(text: str) -> list[str]:
    """Notes that the index page `text` does not link."""
    linked = set(re.findall(r"\]\(\.\./proofs_notes/([\w-]+\.md)\)", text))
    return sorted({note.name for note in (ROOT / "proofs_notes").glob("*.md")} - linked)


def test_the_index_links_every_note():
    """A reader finds every note from docs/index.md; the negative control lacks one."""
    text = (ROOT / "docs" / "index.md").read_text()
    assert unlinked(text) == []
    assert unlinked(text.replace("(../proofs_notes/tails.md)", "(tails.md)")) == ["tails.md"]


@pytest.mark.parametrize("note", sorted((ROOT / "proofs_notes").glob("*.md")), ids=lambda note: note.stem)
def test_a_note_leads_to_notes_only(note):
    """A report carries the notes and nothing else of the tree."""
    assert "](../" not in note.read_text(encoding="utf-8")


def test_a_broken_link_is_seen():
    """The negative control: a missing file and a missing anchor."""
    page = ROOT / "docs" / "page.md"
    text = "[a](none.md) [b](sweeps.md#nothing) [c](sweeps.md#the-grid) [d](https://example.org) `[e](f)`"
    assert broken_links(page, text) == ["none.md", "sweeps.md#nothing"]


def test_the_reference_is_current():
    """docs/reference.md is what the docstrings say; `python docs/reference.py` writes it."""
    reference = script("docs", "reference.py")
    page = (ROOT / "docs" / "reference.md").read_text()
    assert page == reference.page(), "run python docs/reference.py"
    for name in ("Claim(", "verify(", "predict(", "simulate(", "Setting(", "InvalidArgument"):
        assert f"### `{name}" in page


def test_the_workflow_shown_is_the_one_that_is_there():
    """The page on CI shows the workflow to the letter, and its command has only options that exist."""
    from typer.main import get_command

    import verification.cli.main  # noqa: F401  (registers them)
    from verification.cli.app import app

    workflow = (ROOT / ".github" / "workflows" / "claims.yml").read_text()
    assert f"```yaml\n{workflow}```" in (ROOT / "docs" / "check-a-bound-in-ci.md").read_text()
    (command,) = re.findall(r"filtergain verify (.*)", workflow)
    known = {option for parameter in get_command(app).commands["verify"].params for option in parameter.opts}
    assert set(re.findall(r"--[\w-]+", command)) <= known
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text()
    assert "entry: filtergain verify" in hook


@pytest.mark.parametrize("claim", list(claims))
def test_every_claim_has_its_section(claim):
    """The note and the heading that a claim names exist."""
    file, _, anchor = claims[claim].note.partition("#")
    assert anchor in anchors(ROOT / "proofs_notes" / file)


def test_a_wrong_page_is_seen(folder, monkeypatch):
    """The negative control: a failing assertion, a wrong status, a wrong output and an unknown command."""
    wrong = {
        "```python\nassert 1 == 2\n```\n": AssertionError,
        "```console\n$ filtergain simulate --n 1\n```\n": AssertionError,
        "```console\n$ filtergain --version\nfiltergain 0.0.0 ...\n```\n": AssertionError,
        "```console\n$ rm -rf here\n```\n": AssertionError,
        "```console\nno dollar\n```\n": AssertionError,
    }
    monkeypatch.setattr(sys.modules[__name__], "ROOT", folder)
    for number, (text, error) in enumerate(wrong.items()):
        (folder / f"{number}.md").write_text(text)
        with pytest.raises(error):
            execute(f"{number}.md", with_slow=False)
    (folder / "right.md").write_text(
        "<!-- file: a.toml; in the tests n = 1 -->\n```toml\nn = 1e9  # large\n```\n"
        "\n<!-- exit: 2 -->\n```console\n$ filtergain simulate --n 1\n```\n"
        "```console\n$ filtergain --version > v.txt\n$ filtergain --version\nfiltergain ...\n```\n"
        "```console\n$ filtergain verify no-such-claim\n```\n"
    )
    assert execute("right.md", with_slow=False) == 3
    assert slow("right.md")
    with pytest.raises(AssertionError, match="verify no-such-claim ended with 2"):
        execute("right.md", with_slow=True)
    assert (folder / "a.toml").read_text() == "n = 1\n"
    assert (folder / "v.txt").read_text().startswith("filtergain")
