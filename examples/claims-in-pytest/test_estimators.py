"""Verdicts beside ordinary tests: `claim_verdict` is filtergain's fixture."""

from __future__ import annotations

import pytest

from bounds import Verdict


def test_trimming_beats_the_mean(claim_verdict):
    """The rate that the trimmed mean has is one that the plain mean has not."""
    assert claim_verdict("trimmed-rate").verdict is Verdict.SUPPORTED
    assert claim_verdict("mean-rate").verdict is Verdict.REFUTED


def test_the_exponent(claim_verdict):
    """A verdict has its evidence: how fast the plain mean's error grows beside 1/sqrt(n)."""
    (evidence,) = claim_verdict("mean-rate").evidence
    assert evidence.estimate == pytest.approx(0.5, abs=0.1)


def test_a_claim_of_the_register(claim_verdict):
    """The bound that a planning script relies on is within a factor of two of the truth."""
    assert claim_verdict("corollary-1-explicit").slack == "tight"
