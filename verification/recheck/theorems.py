"""The theorems that a certificate may quote: what must be believed beside what is decided again."""

THEOREMS: frozenset[str] = frozenset(
    {
        "a nonnegative irreducible matrix has a positive leading eigenvector (Perron, Frobenius)",
        "Stein's identity for the pairs above a threshold",
        "DLMF 10.25.3: K_nu(x) is sqrt(pi/(2x)) exp(-x) for large x, to first order",
        "Fisher: the score of what is seen is the mean of the complete score given it",
        "Fubini's theorem for a product measure",
        "Jensen's inequality for the larger of two numbers, convex and rising in each",
        "K_v(x) grows with v >= 0 (its integral over cosh(v t))",
        "Karlin: adding an independent variable of log-concave density keeps the order of likelihood ratios",
        "Lagrange's identity, for integrals",
        "Ostrowski 1959",
        "Prekopa: the tail of a log-concave density is log-concave",
        "Watson 1959: E chi_k >= sqrt(k - 1/2)",
        "a moment generating function that is finite around 0 has one law",
        "resolvents of independent Wishart matrices are free (Voiculescu 1991), and an outlier "
        "solves the Schur complement's equation (Benaych-Georges, Nadakuditi 2012)",
        "the coarea formula (Federer 1959)",
        "the rank-nullity theorem",
        "the singular value decomposition",
    }
)
