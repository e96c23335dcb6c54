"""Verdicts as a folder of HTML pages that need no network: the results first, then a page a claim.

Every page stands alone: style, script, formulas and drawings are inside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from verification.errors import MissingExtra
from verification.judging import verdicts as shown
from verification.judging.verdict import SLACK, TIGHT
from verification.report import badge, claim_page, notes, plots
from verification.report.templating import environment

if TYPE_CHECKING:
    from markupsafe import Markup

    from bounds.claim import Claim
    from bounds.errata import Erratum
    from verification.judging.verdict import ClaimVerdict
    from verification.judging.verdicts import Verdicts

MEANINGS = {
    "PROVED": "every step of a symbolic proof was decided true",
    "CERTIFIED": "enclosed in ball arithmetic over the box named; what is beyond it, a proof beside shows",
    "SUPPORTED": "every statistical check holds, with the stated power",
    "REFUTED": "a counterexample, or draws that a true statement would not give",
    "INCONCLUSIVE": "not decided within the budget; never a pass",
}
MAIN = {
    "Learning on filtered pairs": ("theorem-1", "theorem-1-corrected", "theorem-1-explicit"),
    "Learning on all pairs: from above": ("corollary-1", "corollary-1-explicit"),
    "Learning on all pairs: from below": ("proposition-1", "proposition-1-explicit"),
}
"""The paper's main results, with what the report opens with of each."""

LONGEST_SHOWN = 700
"""Characters of LaTeX up to which a formula stands open on the first page."""

FOLDER = "claims"
"""Where the pages of the claims are."""

FIXED = ("table", "claims", "filters", "shown", "results", "errata", "run")
"""Anchors of the first page that are no claims."""


@dataclass(frozen=True)
class About:
    """What the report is about: `TITLE`, `AUTHOR` and `PAPER` of a module with claims of one's own."""

    title: str = ""
    author: str = ""
    paper: str = ""
    folder: Path | None = None

    @classmethod
    def of_module(cls, path: str | None) -> About:
        """What a file with claims of one's own says of itself; the paper's own without a file."""
        if path is None:
            return cls()
        from verification.quantities.registry import load_module

        module = load_module(path)
        title, author, paper = (str(getattr(module, name, "")) for name in ("TITLE", "AUTHOR", "PAPER"))
        return cls(title or f"Claims of {Path(path).name}", author, paper, Path(path).resolve().parent)


@dataclass(frozen=True)
class MainResult:
    """One main result: what is stated of it, as printed, corrected and with numbers."""

    heading: str
    items: tuple[tuple[ClaimVerdict, claim_page.Stated, bool], ...]


@dataclass(frozen=True)
class Group:
    """The claims of one section of the paper."""

    name: str
    verdicts: tuple[ClaimVerdict, ...]


def require() -> None:
    """Raises MissingExtra where a package that the pages cannot do without is absent."""
    environment()
    notes.require()
    try:
        import networkx  # noqa: F401
    except ImportError:
        raise MissingExtra("networkx", "report") from None


def pages(verdicts: Verdicts, about: About | None = None) -> Iterator[tuple[str, Callable[[], str]]]:
    """(path below the report's folder, what makes the file) of everything that the report consists of.

    The first page comes first.  Made one by one, so that one that fails leaves the others.
    Raises MissingExtra without Jinja2; without Matplotlib there are no plots.
    """
    require()
    site = Site(verdicts, about or About())
    yield "index.html", site.front
    for v in verdicts:
        yield f"{FOLDER}/{site.names[v.claim.id]}.html", partial(site.claim, v)
    yield "graph.html", site.graph
    yield "print.html", site.printed
    yield "badge.svg", partial(badge.render, verdicts)
    yield from site.notes()


class Site:
    """The pages of one run; they lead to each other."""

    def __init__(self, verdicts: Verdicts, about: About) -> None:
        from bounds import claims as register

        self.verdicts = verdicts
        self.about = about
        self.judged = {v.claim.id: v for v in verdicts}
        self.names = file_names(list(self.judged))
        self.papers = {i for i, v in self.judged.items() if register.get(i) is v.claim}
        self.with_plots = plots.available()

    @property
    def title(self) -> str:
        """The report's title."""
        if self.about.title:
            return self.about.title
        count = len(self.verdicts)
        return f"filtergain: {count} claim{'' if count == 1 else 's'} judged"

    def front(self) -> str:
        """The first page: the results, errata, and the table of all claims."""
        return self._page("index.html", "", **self._results())

    def claim(self, v: ClaimVerdict) -> str:
        """The page of one claim."""
        from markupsafe import Markup

        from verification.report import graph

        order = [found.claim.id for found in self.verdicts]
        at = order.index(v.claim.id)
        near = graph.neighbourhood(v.claim, [found.claim for found in self.verdicts])
        drawn = self._drawn(near, lambda i: f"{self.names[i]}.html", scale=graph.FULL, focus=v.claim.id)
        return self._page(
            "claim.html",
            "../",
            section=claim_page.section(v, self.judged, self.with_plots),
            note=self._note(v.claim),
            near=Markup(drawn) if len(near) > 1 else None,
            before=order[at - 1] if at else None,
            after=order[at + 1] if at + 1 < len(order) else None,
            certified=_certified(v),
            erratum=next((entry for entry, _ in self._errata() if entry.claim == v.claim.id), None),
        )

    def graph(self) -> str:
        """The page with the graph of everything."""
        from verification.report import graph

        every = [v.claim for v in self.verdicts]
        drawn = self._drawn(every, lambda i: f"{FOLDER}/{self.names[i]}.html", scale=graph.SMALL)
        return self._page("graph.html", "", graph=drawn)

    def printed(self) -> str:
        """Everything that belongs on paper, as one page."""
        return self._page("print.html", "", **self._results())

    def notes(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """The notes: the paper's where a claim of it was judged, and those of own claims."""
        if self.papers:
            for name, page in notes.render_all():
                yield f"{notes.FOLDER}/{name}", partial(str, page)
        for file in sorted({v.claim.note.partition("#")[0] for v in self._own()}):
            path = self._own_note(file)
            if path is not None:
                yield f"{notes.OWN_FOLDER}/{path.stem}.html", partial(_own_page, path)

    def _own(self) -> list[ClaimVerdict]:
        return [v for v in self.verdicts if v.claim.id not in self.papers]

    def _own_note(self, file: str) -> Path | None:
        """The file of a note of one's own, beside the module that names it."""
        if self.about.folder is None or not re.fullmatch(r"[\w.-]+\.md", file):
            return None
        path = self.about.folder / file
        return path if path.is_file() else None

    def _note(self, claim: Claim) -> str | None:
        """Where a claim's note is, from the report's folder; None where there is none."""
        if claim.id in self.papers:
            return notes.link(claim.note)
        file, _, anchor = claim.note.partition("#")
        path = self._own_note(file)
        return None if path is None else f"{notes.OWN_FOLDER}/{quote(path.stem)}.html#{anchor}"

    def _results(self) -> dict[str, Any]:
        return {
            "results": self._main(),
            "pictures": plots.main_finding() if self._shows_finding() else (),
            "errata": self._errata(),
            "proofs": {entry.claim: notes.section(entry.proof) for entry, _ in self._errata() if entry.proof},
            "why": {entry.claim: entry.why for entry, _ in self._errata()},
            "groups": groups(self.verdicts),
            "stated": {v.claim.id: claim_page.statement(v.claim) for v in self.verdicts},
            "longest": LONGEST_SHOWN,
        }

    def _shows_finding(self) -> bool:
        return self.with_plots and "theorem-1" in self.papers

    def _main(self) -> tuple[MainResult, ...]:
        found = []
        for heading, ids in MAIN.items():
            items = [self.judged[i] for i in ids if i in self.papers]
            stated = [(v, claim_page.statement(v.claim)) for v in items]
            if items:
                found.append(
                    MainResult(
                        heading, tuple((v, words, len(words.latex) > LONGEST_SHOWN) for v, words in stated)
                    )
                )
        return tuple(found)

    def _errata(self) -> list[tuple[Erratum, ClaimVerdict]]:
        from bounds.errata import ERRATA

        return [(entry, self.judged[entry.claim]) for entry in ERRATA if entry.claim in self.papers]

    def _drawn(self, claims: Any, links: Callable[[str], str], **options: Any) -> Markup:
        from markupsafe import Markup

        from verification.report import graph

        verdicts = {i: str(v.verdict) for i, v in self.judged.items()}
        # Whole is only what rests on nothing weaker: under a proof, a claim that is only supported is weaker.
        conditional = {i: (*v.conditional_on, *v.given) for i, v in self.judged.items()}
        return Markup(graph.render(list(claims), verdicts, conditional, links=links, **options))

    def _page(self, template: str, root: str, **values: Any) -> str:
        """A page of the report, `root` away from its folder."""
        common = {
            "title": self.title,
            "about": self.about,
            "papers": bool(self.papers),
            "root": root,
            "at": lambda i: f"{root}{FOLDER}/{self.names[i]}.html",
            "anchor": anchor,
            "verdicts": self.verdicts,
            "judged": self.judged,
            "summary": shown.summary(self.verdicts).splitlines(),
            "counts": {name: sum(str(v.verdict) == name for v in self.verdicts) for name in MEANINGS},
            "meanings": MEANINGS,
            "variants": claim_page.VARIANTS,
            "slack": shown.slack,
            "tight": f"{TIGHT:g}",
            "slack_means": SLACK,
            "with_plots": self.with_plots,
        }
        return environment().get_template(template).render(**common, **values)


def _own_page(path: Path) -> str:
    return notes.render(path.read_text(encoding="utf-8", errors="replace"))


def anchor(claim_id: str) -> str:
    """The id of a claim's row on the first page: its own, unless a part of the page has that."""
    return f"claim-{claim_id}" if claim_id in FIXED else claim_id


def file_names(ids: list[str]) -> dict[str, str]:
    """A file name for each claim, without its ending: its id as far as every file system holds it."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for claim_id in ids:
        plain = re.sub(r"[^A-Za-z0-9_-]", lambda m: f"-{ord(m[0]):x}-", claim_id)[:100] or "claim"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.lower())
        names[claim_id] = name
    return names


def groups(verdicts: Verdicts) -> tuple[Group, ...]:
    """The claims by where they come from: sections by number, then appendices, then the rest."""
    found: dict[str, list[ClaimVerdict]] = {}
    for v in verdicts:
        place = re.match(r"(?:Section \d+|Appendix [A-Z])\b", v.claim.source)
        found.setdefault(place[0] if place else re.split("[,;]", v.claim.source)[0].strip(), []).append(v)

    def rank(name: str) -> tuple[int, float, str]:
        if number := re.fullmatch(r"Section (\d+)", name):
            return 0, float(number[1]), ""
        return (1, 0.0, name) if re.fullmatch(r"Appendix [A-Z]", name) else (2, 0.0, "")

    return tuple(Group(name, tuple(found[name])) for name in sorted(found, key=rank))


def _certified(v: ClaimVerdict) -> str | None:
    """The commands for the claim's certificate; None where it has none, or is no claim of the register."""
    from bounds import claims as register
    from verification.certificates.make import provable

    if register.get(v.claim.id) is not v.claim or not provable([v.claim]):
        return None
    return f"filtergain certify {v.claim.id} --out certificates\nfiltergain recheck certificates"
