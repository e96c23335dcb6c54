"""The example notebooks run from top to bottom, and print what they show."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


def printed(cells):
    """The text that each code cell printed, and the LaTeX that it showed."""
    shown = []
    for cell in cells:
        if cell["cell_type"] == "code":
            streams = [o["text"] for o in cell["outputs"] if o["output_type"] == "stream"]
            formulas = [o["data"]["text/latex"] for o in cell["outputs"] if "text/latex" in o.get("data", {})]
            shown.append("".join("".join(part) for part in [*streams, *formulas]))
    return shown


def executed(path: Path):
    """The notebook's cells after running them in a fresh kernel; raises on a cell that fails."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's transport, not ours
        resources = {"metadata": {"path": str(path.parent)}}
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    return notebook.cells


def test_every_notebook_is_there():
    """Nothing is run by mistake, and nothing is missing."""
    assert NOTEBOOKS == [
        "from-the-printed-theorem-to-its-constants.ipynb",
        "should-i-filter-my-data.ipynb",
        "your-own-embeddings.ipynb",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_prints_what_it_shows(name):
    """Run again, every cell prints the stored numbers and formulas."""
    stored = json.loads((EXAMPLES / name).read_text())["cells"]
    found = printed(executed(EXAMPLES / name))
    assert found == printed(stored)
    assert sum(bool(text) for text in found) >= 4


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_stored_notebook_is_small_and_clean(name):
    """Pictures are stored, errors and the machine's traces are not."""
    text = (EXAMPLES / name).read_text()
    assert len(text) < 100_000
    assert "image/png" in text
    for trace in ("Traceback", "/home/", "/root/", "stderr"):
        assert trace not in text


@pytest.mark.slow
def test_a_failing_notebook_is_seen(tmp_path):
    """The negative control: a cell that fails ends the run, another number is another output."""
    text = (EXAMPLES / NOTEBOOKS[1]).read_text()
    notebook = json.loads(text)
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][:1]
    notebook["cells"][0]["source"] += "\nprint(setting.n)"
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook))
    assert printed(executed(path)) == ["1000000\n"]
    notebook["cells"][0]["source"] += "\nassert False"
    path.write_text(json.dumps(notebook))
    with pytest.raises(Exception, match="AssertionError"):
        executed(path)
