"""Makes what the pages show: the table of verdicts from a run, and the pictures.

`python docs/build.py verdicts` judges every claim (profile standard) and stores the result in
docs/verdicts.json; `text` renders it, docs/seeds.jsonl and docs/attacks.json into docs/verdicts.md and the
README; `pictures` and `papers` draw; `injected` renders docs/injected-sampled.json; `report` takes a picture
of a report's first page; `certificates` counts the steps that are decided again into docs/certificates.md.
Only where they are named, as they take minutes: `attacks` attacks the claims that a thorough run attacks and
stores what is found in docs/attacks.json; `flaky` measures the table of docs/statistical-assertions.md.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from bounds import claims
from verification.judging.verdicts import factor

ROOT = Path(__file__).parent.parent
STORED = ROOT / "docs" / "verdicts.json"
SEEDS = ROOT / "docs" / "seeds.jsonl"
ATTACKS = ROOT / "docs" / "attacks.json"
ATTACKED_AT = range(3)
"""Seeds at which each claim is attacked; a thorough run's own is the first."""
BEGIN = "<!-- verdicts: made by `make docs`, checked by the tests -->"
END = "<!-- /verdicts -->"
MAIN = (
    "corollary-1", "corollary-1-explicit", "proposition-1", "theorem-1", "theorem-1-corrected",
    "theorem-1-explicit", "theorem-1-sharp", "eq-10", "eq-10-corrected",
)  # fmt: skip


def verdicts() -> None:
    """Judge every claim and store what the pages need of the result."""
    from verification import verify

    run = verify(profile="standard").as_dict()
    kept = ("id", "title", "source", "variant", "verdict", "expected", "slack", "slack_factor", "message")
    claims = [
        {
            **{key: claim[key] for key in kept},
            "mutants": len(claim["mutants"]),
            "refuted": sum(m["refuted"] for m in claim["mutants"]),
        }
        for claim in run["claims"]
    ]
    stored = {key: run[key] for key in ("schema", "alpha", "seed", "profile", "versions")}
    STORED.write_text(json.dumps({**stored, "claims": claims}, indent=1) + "\n")


def row(claim: dict, notes: str) -> str:
    """One line of a Markdown table; the name leads to its section in the folder `notes`."""
    slack = f"{claim['slack']} ({factor(claim['slack_factor'])}×)" if claim["slack"] else "–"
    mutants = f"{claim['refuted']}/{claim['mutants']}" if claim["mutants"] else "–"
    name = f"[`{claim['id']}`]({notes}/{claims[claim['id']].note})"
    cells = (name, claim["title"], claim["source"], claim["verdict"], slack, mutants)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


HEAD = "| claim | what it says | source | verdict | slack | mutants refuted |\n|---|---|---|---|---|---|"


def readme_block(stored: dict) -> str:
    """The short table of the README: the main results, and the counts of all."""
    by_id = {claim["id"]: claim for claim in stored["claims"]}
    counts = Counter(claim["verdict"] for claim in stored["claims"])
    spread = ", ".join(
        f"{counts[name]} {name}" for name in ("PROVED", "CERTIFIED", "SUPPORTED", "REFUTED") if counts[name]
    )
    rows = "\n".join(row(by_id[i], "proofs_notes") for i in MAIN if i in by_id)
    refuted, total = (sum(claim[key] for claim in stored["claims"]) for key in ("refuted", "mutants"))
    different = [claim["id"] for claim in stored["claims"] if claim["verdict"] != claim["expected"]]
    surprise = (
        f"Not as expected: {', '.join(different)}." if different else "Every verdict is the expected one;"
    )
    budget = f"profile {stored['profile']}, seed {stored['seed']}, false alarms {stored['alpha']:g} in all"
    return (
        f"{BEGIN}\n\n{HEAD}\n{rows}\n\n"
        f"{len(stored['claims'])} claims in all: {spread}. {surprise} {refuted} of {total} wrong versions "
        f"were refuted ({budget}; the quick profile has fewer checks, and fewer wrong versions).\n\n{END}"
    )


def seeds_line(rows: list[dict]) -> str:
    """What the recorded seeds found; each row is one seed of one commit."""
    mended = {row["seed"]: row["commit"] for row in rows if row["status"] == 0}
    bad = [
        f"seed {row['seed']} of `{row['commit']}`"
        + (f" (mended: 0 at `{mended[row['seed']]}`)" if row["seed"] in mended else "")
        for row in rows
        if row["status"] != 0
    ]
    versions = sum(row["mutants"] for row in rows)
    survivors = sum(len(row["survivors"]) for row in rows)
    commits = ", ".join(f"`{commit}`" for commit in dict.fromkeys(row["commit"] for row in rows))
    found = f"Not with status 0: {', '.join(bad)}." if bad else "Every one ended with status 0."
    differ = sum(len(row["differ"]) for row in rows)
    return (
        "Other seeds: `make seeds` judges the sampled claims, by profile quick, at 300 seeds and goes on "
        f"where it stopped. {len({row['seed'] for row in rows})} seeds in {len(rows)} runs are recorded in "
        f"`docs/seeds.jsonl`, of the commits {commits}. {found} {differ} verdicts differed from what is "
        f"expected; {versions:,} wrong versions were judged, and {survivors} were not refuted, or by luck "
        "only."
    )


def to_attack() -> list:
    """The claims that a thorough run attacks before it supports them, those that are expected to stand."""
    from verification.judging import gate

    return [claim for claim in gate.attackable(list(claims.values())) if claim.expected == "SUPPORTED"]


def attacked(claim, seed: int, share: float) -> dict:
    """What one attack finds, with the settings and the share of alpha that a thorough run has."""
    from verification.checks.plan import PROFILES
    from verification.judging import gate

    found = gate.attack(claim, seed, PROFILES["thorough"].attack, share)
    if found.interval is None:
        raise ValueError(f"{claim.id}: {found.statement}")
    return {
        "claim": claim.id,
        "seed": seed,
        "outcome": found.outcome,
        "least": found.interval[0],
        "settings": found.details.evaluations,
    }


def attack_shares() -> dict:
    """The share of alpha that a thorough run of every claim has for each attack."""
    from verification.checks.plan import PROFILES, plan_run
    from verification.judging import gate
    from verification.judging.run import DEFAULT_ALPHA

    every = list(claims.values())
    names = gate.names(every)
    ledger, _ = plan_run(every, every, DEFAULT_ALPHA, PROFILES["thorough"], None, 0, names)
    return {claim: ledger.share(gate.share_name(claim)) for claim in to_attack()}


def attacks() -> None:
    """Attack every claim at several seeds and store what was found."""
    from concurrent.futures import ProcessPoolExecutor

    asked = [(claim, seed, share) for claim, share in attack_shares().items() for seed in ATTACKED_AT]
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(attacked, *zip(*asked, strict=True)))
    ATTACKS.write_text(json.dumps(rows, indent=1) + "\n")


def attacks_section(rows: list[dict]) -> str:
    """The worst that attacks found for each claim, over all seeds."""
    lines = []
    for name in dict.fromkeys(row["claim"] for row in rows):
        own = [row for row in rows if row["claim"] == name]
        worst = max(own, key=lambda row: row["least"])
        tried, stood = sum(row["settings"] for row in own), sum(row["outcome"] == "holds" for row in own)
        needed = "constant needed" if claims[name].up_to_constant else "of the bound"
        link = f"[`{name}`](../proofs_notes/{claims[name].note})"
        lines.append(f"| {link} | {tried} | {worst['least']:.3g} {needed} | {stood} of {len(own)} |")
    seeds = len({row["seed"] for row in rows})
    return (
        "## What attacks found\n\n"
        "A thorough run supports a claim about every setting only after a climb for the worst setting that "
        "its conditions allow, ends included. Here each is attacked as such a run does it, at "
        f"{seeds} seeds: the worst at any of them, by draws that no climb saw (the lower end of its "
        "interval). A bound with numbers stands while that is below 1, a bound up to a constant while the "
        "constant is below 30. One that breaks only where the unnamed constant of its sample condition is 1, "
        "and not where it is 16, is left undecided by that attack, and did not stand it. `filtergain search` "
        "climbs for one claim. Made by `python docs/build.py attacks text`.\n\n"
        "| claim | settings | worst | stood |\n|---|---|---|---|\n" + "\n".join(lines)
    )


def page(stored: dict, seeds: list[dict], attacks: list[dict]) -> str:
    """docs/verdicts.md: every claim, and what other seeds and attacks found."""
    packages = ", ".join(f"{name} {version}" for name, version in stored["versions"].items())
    command = f"filtergain verify --profile {stored['profile']} --seed {stored['seed']}"
    rows = "\n".join(row(claim, "../proofs_notes") for claim in stored["claims"])
    made = f"Made by `make docs` from `{command}`; {packages}."
    return (
        f"# Every claim and its verdict\n\n{made}\n\n{seeds_line(seeds)}\n\n{HEAD}\n{rows}\n\n"
        f"{attacks_section(attacks)}\n"
    )


def recorded_seeds() -> list[dict]:
    """The rows of the record, in order."""
    return [json.loads(line) for line in SEEDS.read_text().splitlines()]


def recorded_attacks() -> list[dict]:
    """What was found, a row for each claim and seed."""
    return json.loads(ATTACKS.read_text())


def inserted(readme: str, block: str) -> str:
    """The README with its table replaced."""
    start, stop = readme.index(BEGIN), readme.index(END) + len(END)
    return readme[:start] + block + readme[stop:]


def text() -> None:
    """Render the stored run into the pages."""
    stored = json.loads(STORED.read_text())
    (ROOT / "docs" / "verdicts.md").write_text(page(stored, recorded_seeds(), recorded_attacks()))
    readme = ROOT / "README.md"
    readme.write_text(inserted(readme.read_text(), readme_block(stored)))


PROOFS_BEGIN = "<!-- made by `python docs/build.py certificates`, checked by the tests -->"
PROOFS_END = "<!-- /certificates -->"
KINDS = {
    "enclosed": "enclosures on cells and at numbers",
    "roots": "cubics",
    "identity": "identities",
    "words": "identities of matrices",
    "signs": "signs",
    "given": "conditions",
    "limit": "limits",
    "integral": "integrals",
}
"""What the second checker decides, by its own names, in the page's words."""


def certificates_block(found: list) -> str:
    """How much of all certificates was decided again, in one paragraph."""
    decided = sum((one.decided for one in found), Counter())
    total = decided.total()
    decided["signs"] = decided.pop("nonnegative") + decided.pop("positive")
    kinds = ", ".join(f"{decided.pop(kind)} {words}" for kind, words in KINDS.items())
    if decided:
        raise ValueError(f"kinds of step without words: {sorted(decided)}")
    looked, told = sum(len(one.looked_at) for one in found), sum(len(one.told) for one in found)
    quoted = len({theorem for one in found for theorem in one.quoted})
    said = (
        f"{len(found)} certificates; {total} steps and cells are decided again: {kinds}. {looked} integrals "
        f"and limits are looked at, {told} steps taken as told, {quoted} theorems quoted."
    )
    return f"{PROOFS_BEGIN}\n\n{said}\n\n{PROOFS_END}"


def certificates() -> None:
    """Make every certificate, decide it again, and count what was decided into its page."""
    from verification.certificates import make
    from verification.recheck.check import recheck

    proved = make.provable(claims.values())
    block = certificates_block([recheck(make.certificate(one), make.statement(one)) for one in proved])
    page = ROOT / "docs" / "certificates.md"
    before, rest = page.read_text().split(PROOFS_BEGIN)
    page.write_text(before + block + rest.split(PROOFS_END)[1])


MISTAKES = ROOT / "docs" / "injected-sampled.json"
MISTAKES_BEGIN = "<!-- from docs/injected-sampled.json, by `python docs/build.py injected` -->"
MISTAKES_END = "<!-- /injected -->"


def injected_block(stored: dict) -> str:
    """The table of mistakes in sampled claims, and those that were not refuted, from the stored run."""
    from verification.judging.injected_record import recall, table

    rows = stored["mistakes"]
    missed = [row for row in rows if row["truth"] == "false" and row["verdict"] != "REFUTED"]
    keys = ("claim", "kind", "statement", "verdict", "why")
    listed = ["| " + " | ".join(_short(row[key]) for key in keys) + " |" for row in missed]
    head = (
        "| claim | mistake | statement | verdict | why it is called false, or true |\n|---|---|---|---|---|"
    )
    counts = Counter(row["truth"] for row in rows)
    alarms = sum(row["truth"] == "true" and row["verdict"] == "REFUTED" for row in rows)
    said = (
        f"{len(rows)} mistakes in {len({row['claim'] for row in rows})} claims (seed {stored['seed']}): "
        f"{counts['false']} false, of which {recall(stored):.1%} were refuted; {counts['true']} true, of "
        f"which {alarms} were; {counts['unknown']} unknown and not counted. {stored['minutes']:.0f} minutes."
    )
    wrongly = [row for row in rows if row["truth"] == "true" and row["verdict"] == "REFUTED"]
    told = ["| " + " | ".join(_short(row[key]) for key in keys) + " |" for row in wrongly]
    left = "\n".join([head, *listed]) if listed else "None was missed."
    left += "\n\nRefuted, and true:\n\n" + ("\n".join([head, *told]) if told else "None.")
    return f"{MISTAKES_BEGIN}\n\n{said}\n\n{table(stored)}\n\nNot refuted:\n\n{left}\n\n{MISTAKES_END}"


def _short(words: str) -> str:
    return (words if len(words) <= 110 else words[:110] + "…").replace("|", r"\|")


def injected() -> None:
    """Render the stored run of mistakes in sampled claims into its page."""
    page = ROOT / "docs" / "injected-mistakes.md"
    before, rest = page.read_text().split(MISTAKES_BEGIN)
    block = injected_block(json.loads(MISTAKES.read_text()))
    page.write_text(before + block + rest.split(MISTAKES_END)[1])


def flaky() -> None:
    """Measure how often the tests of examples/flaky_tests.py err, old and new, into their page."""
    import runpy

    table = runpy.run_path(str(ROOT / "examples" / "flaky_tests.py"))["table"]()
    page = ROOT / "docs" / "statistical-assertions.md"
    begin, end = "<!-- measured by `python docs/build.py flaky` -->", "<!-- /measured -->"
    before, rest = page.read_text().split(begin)
    page.write_text(f"{before}{begin}\n\n{table}\n\n{end}{rest.split(end)[1]}")


def pictures() -> None:
    """docs/leak.png: error against eta at the paper's and at a moderate signal-to-noise ratio."""
    from matplotlib.figure import Figure

    from verification.figures import leak
    from verification.figures.canvas import STYLE, from_defaults

    with from_defaults({**STYLE, "font.size": 10.0}):
        figure = Figure(figsize=(11, 5), layout="constrained")
        leak.draw(figure, replicates=12)
        figure.suptitle("n = 4 million, d = d̃ = 6, r = 2, threshold 0", fontsize=10)
        figure.savefig(ROOT / "docs" / "leak.png", dpi=130)


def report() -> None:
    """docs/report.png: the first page of a quick run's report, as Chromium shows it."""
    import subprocess
    import tempfile

    from verification.cli.main import run

    with tempfile.TemporaryDirectory() as folder:
        run(["verify", "--report", folder])
        page = (Path(folder) / "index.html").as_uri()
        shot = f"--screenshot={ROOT / 'docs' / 'report.png'}"
        flags = ["--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=1000,1345"]
        subprocess.run(["chromium", *flags, shot, page], check=True, capture_output=True)


def papers() -> None:
    """docs/papers.png: each paper's laws as lines, draws as dots."""
    from matplotlib.figure import Figure

    from filtergain.papers import figures
    from verification.figures.canvas import STYLE, from_defaults

    with from_defaults({**STYLE, "font.size": 10.0}):
        figure = Figure(figsize=(14, 4.2), layout="constrained")
        figures.draw(figure, dots=9, replicates=15)
        figure.savefig(ROOT / "docs" / "papers.png", dpi=110)


if __name__ == "__main__":
    made = {"verdicts": verdicts, "text": text, "pictures": pictures, "papers": papers, "flaky": flaky}
    made |= {"injected": injected, "report": report, "certificates": certificates, "attacks": attacks}
    for name in sys.argv[1:] or ("verdicts", "text", "pictures", "papers", "certificates"):
        made[name]()
