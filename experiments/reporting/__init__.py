"""Stored results for readers: tables with intervals, what they say, figures, the page."""
