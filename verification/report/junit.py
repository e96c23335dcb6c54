"""Verdicts as JUnit XML: one test case a claim, which CI systems show one by one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from bounds.claim import Verdict

if TYPE_CHECKING:
    from verification.judging.verdict import ClaimVerdict
    from verification.judging.verdicts import Verdicts

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that XML 1.0 cannot hold, even escaped."""


def render(verdicts: Verdicts) -> str:
    """The XML document.

    A case fails where the verdict is not the expected one or a mutant survived, INCONCLUSIVE
    included: a doubt is never a pass.  Its class is `filtergain.` and the note that it belongs to.
    """
    failed = [v for v in verdicts if v.failure is not None]
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(len(failed)),
        "errors": "0",
        "skipped": "0",
        "time": f"{verdicts.seconds:.3f}",
    }
    root = ET.Element("testsuites", {"name": "filtergain", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": f"filtergain {verdicts.profile}", **counts})
    properties = ET.SubElement(suite, "properties")
    stated = {
        "alpha": repr(verdicts.alpha),
        "survival": repr(verdicts.survival),
        "seed": str(verdicts.seed),
        "profile": verdicts.profile,
    }
    for name, value in {**stated, **verdicts.versions}.items():
        ET.SubElement(properties, "property", name=_text(name), value=_text(value))
    for v in verdicts:
        suite.append(_case(v))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def details(v: ClaimVerdict) -> str:
    """What decided, with its numbers, and the command that repeats it: a line each."""
    # What no command draws alone is drawn by the same command: it is told once.
    return f"{v.words if v.draw_again == v.repeat else v.message}\nrepeat: {v.repeat}"


def facts(v: ClaimVerdict) -> dict[str, str]:
    """The properties of a claim's test case."""
    return {
        "source": v.claim.source,
        "variant": v.claim.variant,
        "verdict": str(v.verdict),
        "expected": str(v.claim.expected),
        "slack": v.slack or "",
        "mutants": _mutants(v),
    }


def _mutants(v: ClaimVerdict) -> str:
    told = v.mutants_refuted
    return f"{told} refuted" if "/" in told else told


def _case(v: ClaimVerdict) -> ET.Element:
    topic = v.claim.note.partition("#")[0].removesuffix(".md")
    case = ET.Element(
        "testcase",
        name=_text(v.claim.id),
        classname=_text(f"filtergain.{topic}"),
        time=f"{v.seconds:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    for name, value in facts(v).items():
        ET.SubElement(properties, "property", name=name, value=_text(value))
    reason, said = v.failure, details(v)
    if reason is not None:
        kind = "inconclusive" if v.verdict is Verdict.INCONCLUSIVE else "verdict"
        element = ET.SubElement(case, "failure", type=kind, message=_text(f"{v.claim.id}: {reason}"))
        element.text = _text(said)
    else:
        ET.SubElement(case, "system-out").text = _text(said)
    return case


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
