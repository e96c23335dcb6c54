"""A second checker of certificates: it shares no code with what proved them.

It reads plain text, computes with fractions of its own and with mpmath's intervals, and takes nothing from
SymPy, whose word the certificates are.  Only FLINT's factorisation of polynomials helps it, and is multiplied
out again.
"""
