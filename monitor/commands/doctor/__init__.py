"""What `leakstream doctor` looks at. Each check is one line with what to do; none of them changes anything.

One family of checks a module, a function `look(patient)` in each; `examine` runs them at the same time, each under a deadline.
"""

from monitor.commands.doctor.check import Check, Outcome
from monitor.commands.doctor.examine import examine

__all__ = ["Check", "Outcome", "examine"]
