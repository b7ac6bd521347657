"""What one check says."""

from __future__ import annotations

from dataclasses import dataclass

OK, NOTE, PROBLEM = "ok", "note", "problem"


@dataclass(frozen=True)
class Check:
    """One line of the doctor.

    Attributes:
        check: What was looked at.
        mark: `ok`, `note` (works, but worth knowing) or `problem`.
        found: What was found.
        advice: What to do, empty when nothing has to be done.
    """

    check: str
    mark: str
    found: str
    advice: str = ""

    def line(self) -> str:
        """As it is printed.

        >>> Check("Python", "problem", "3.9.1", "Install Python 3.11").line()
        'problem  Python: 3.9.1. Install Python 3.11.'
        """
        advice = f". {self.advice}." if self.advice else ""
        return f"{self.mark:7}  {self.check}: {self.found}{advice}"
