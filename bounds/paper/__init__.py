"""Claims of the paper with numbers in place of unnamed constants, and their decided steps."""
