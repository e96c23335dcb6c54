"""Verdicts -> text, JSON, JUnit, Markdown, HTML.  Computes nothing."""
