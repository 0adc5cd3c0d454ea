"""Every error this library raises.

DetectorError
├── RuleError         a rule file or a rule is wrong; the message names file, rule id and reason
├── CompileError      Hyperscan refused an expression, or the database cannot be built or read
└── BudgetExceeded    a decoder was stopped by its budget (bytes, depth, members); carries `reason`
"""

from __future__ import annotations


class DetectorError(Exception):
    """Base of all errors raised by `detectors`."""


class RuleError(DetectorError):
    """A rule is wrong. The message names the file, the rule and what to do."""


class CompileError(DetectorError):
    """Hyperscan refused an expression or a stored database."""


class BudgetExceeded(DetectorError):
    """A decoder was stopped by its budget.

    `reason` is one of a closed set of words, fit for a metric label.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
