import pytest

from verification.studies.leak import family, predicted_study, study


def test_the_printed_theorem_fails_along_the_family_and_the_corrected_one_does_not():
    """By simulation at gamma = 1 over all thresholds the printed ratio grows like 1/eta, the corrected
    one stays bounded; at gamma = 10^4 neither moves."""
    etas = (0.2, 0.1, 0.05, 0.025)
    moderate = study(family(1.0, etas), replicates=4, seed=1)
    assert moderate.printed_exponent > 0.8
    assert moderate.corrected_exponent < 0.4
    assert max(row.corrected_ratio for row in moderate.rows) < 1
    high = study(family(1e4, etas), replicates=4, seed=1)
    assert abs(high.printed_exponent) < 0.3
    assert high.printed_exponent == pytest.approx(high.corrected_exponent, abs=0.05)


def test_the_law_says_the_same_down_to_tiny_eta():
    """The sharp law's exponents over five decades of eta: 1 for the printed rate, 0 for the corrected one."""
    etas = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
    found = predicted_study(family(1.0, etas, most=10**18))
    assert found.printed_exponent == pytest.approx(1, abs=0.01)
    assert found.corrected_exponent == pytest.approx(0, abs=0.01)
    high = predicted_study(family(1e4, (1e-1, 1e-2, 1e-3), most=10**18))
    assert abs(high.printed_exponent) < 0.1
