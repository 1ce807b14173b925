"""Doubting results: audit any, make published ones again, compare two runs."""

from experiments.checking.auditing.audit import Audit, audit, audit_text
from experiments.checking.auditing.findings import Finding
from experiments.checking.compare import Comparison, compare
from experiments.checking.published import published_ids
from experiments.checking.reproduce import Reproduction, reproduce

__all__ = [
    "Audit",
    "Finding",
    "audit",
    "audit_text",
    "Reproduction",
    "reproduce",
    "published_ids",
    "Comparison",
    "compare",
]
