"""Papers as packages: found by entry point, whole, and each with its note."""

import importlib
import tomllib
from pathlib import Path

import pytest

from bounds import Verdict
from bounds.register import check_register
from bounds.register import claims as register
from filtergain.papers import figures
from verification import verify
from verification.errors import InvalidArgument
from verification.quantities import papers
from verification.quantities.registry import load_module

ROOT = Path(__file__).parents[2]
OURS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["filtergain.papers"]

OUTSIDE = """
from bounds import Claim, Level, Measured, Path, Relation, Verdict
from bounds.symbols import n

def size(values, rng):
    return abs(1 + 0.1 * rng.standard_normal()) / values["n"] ** 0.5


QUANTITIES = {"outside-size": size}
CLAIMS = (
    Claim(
        id="outside", title="A size", source="elsewhere", statement="1/sqrt(n).", relation=Relation.EQUAL,
        bound=n ** -0.5, quantity=n, note="outside.md#size", expected=Verdict.SUPPORTED,
        checks=(Level(Measured(quantity="outside-size", spread=0.15), Path(n, (100,), ()), tolerance=0.1),),
    ),
)
"""


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A distribution installed elsewhere that adds a paper."""
    (tmp_path / "outside_paper.py").write_text(OUTSIDE)
    metadata = tmp_path / "outside_paper-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-paper\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[filtergain.papers]\noutside = outside_paper\nmissing = no_such_module\nbuilt-in = sys\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("name", OURS)
def test_a_paper_is_whole(name):
    """15 to 25 sound claims, with wrong versions, at most 310 lines, and a heading of the note for each."""
    module = importlib.import_module(OURS[name])
    file = Path(module.__file__)
    assert 15 <= len(module.CLAIMS) <= 25
    assert len(file.read_text().splitlines()) <= 310
    assert not check_register(tuple(module.CLAIMS), among=tuple(register))
    note = file.with_suffix(".md").read_text()
    titles = [line[3:] for line in note.splitlines() if line.startswith("## ")]
    headings = {title.lower().replace(" ", "-") for title in titles}
    assert {claim.note for claim in module.CLAIMS} <= {f"{file.stem}.md#{heading}" for heading in headings}
    assert {claim.expected for claim in module.CLAIMS} > {Verdict.REFUTED, Verdict.SUPPORTED}


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_every_verdict_of_a_paper_is_as_expected(name):
    """Each paper's claims get the verdict that its note explains, and no wrong version survives."""
    module = importlib.import_module(OURS[name])
    found = verify(module=module.__file__)
    assert {v.claim.id: v.verdict for v in found} == {c.id: c.expected for c in module.CLAIMS}
    assert not [m.id for verdict in found for m in verdict.mutants if not m.refuted]


def test_a_project_elsewhere_adds_a_paper(outside, command):
    """An entry point of another distribution is enough; the command to repeat names the paper."""
    assert papers.papers()["outside"].value == "outside_paper"
    status, out, err = command("verify", "--paper", "outside", "--jobs", "1")
    assert status == 0, err
    assert "SUPPORTED" in out
    found = verify(module="paper:outside", jobs=1)
    assert found[0].repeat.endswith("--module paper:outside")
    assert load_module("paper:outside") is load_module("paper:outside")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--paper", "nowhere"), "must be one of"),
        (("--paper", "missing"), "must name a module that is a file"),
        (("--paper", "built-in"), "must name a module that is a file"),
        (("--paper", "outside", "--module", "x.py"), "cannot stand beside"),
    ],
)
def test_a_wrong_name_is_one_line(outside, command, arguments, said):
    """The option, its value and the papers that there are."""
    status, out, err = command("verify", *arguments)
    assert status == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not out


def test_without_any_paper_the_line_says_so(monkeypatch):
    """Where no package adds one, that is what is said."""
    monkeypatch.setattr(papers, "papers", dict)
    with pytest.raises(InvalidArgument, match="there is none"):
        papers.source_file("paper:mine")


def test_the_pictures_show_laws_and_draws():
    """A panel a paper; a law is 0 below its threshold, and dots of strong signals lie on their lines."""
    figure_module = pytest.importorskip("matplotlib.figure")
    figure = figure_module.Figure()
    figures.draw(figure, dots=2, replicates=3)
    assert len(figure.axes) == len(OURS)
    _, overlaps, _ = figure.axes
    law, dots = overlaps.lines[0].get_ydata(), overlaps.lines[1].get_ydata()
    assert law[0] == 0 < law[-1]
    assert dots[-1] == pytest.approx(law[-1], rel=0.15)
    for panel in figures.panels():
        assert len({(curve.line, curve.marker) for curve in panel.curves}) == len(panel.curves)
    assert dots[-1] != pytest.approx(overlaps.lines[2].get_ydata()[-1], rel=0.15)
