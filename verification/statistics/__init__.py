"""From numbers to evidence: tests with stated error rates; knows no claim."""
