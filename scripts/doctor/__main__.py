"""Looks at everything that a server needs and says what is wrong, each with the command that mends it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from scripts.doctor.finding import Finding, broken
from scripts.doctor.ground import REQUIREMENTS, check_packages, check_python, choose_mend


def main() -> int:
    """Look at everything; return 1 where something has failed."""
    ground = [check_python(), check_packages()]
    try:
        from scripts.doctor.rounds import make_round
    except ImportError as error:  # without the packages nothing else can be looked at
        return tell_plainly(ground, error)
    return make_round(__doc__ or "", ground)


def tell_plainly(ground: Sequence[Finding], error: ImportError) -> int:
    """Say what is wrong by means of the standard library alone."""
    findings = list(ground)
    if all(each.state == "ok" for each in findings):
        findings.append(broken("packages", f"cannot be loaded: {error}", choose_mend(REQUIREMENTS)))
    for each in findings:
        sys.stderr.write(f"{each.state:<7} {each.check}: {each.found}\n")
        if each.mend is not None:
            sys.stderr.write(f"        $ {each.mend}\n")
    answer = {"ok": False, "checks": [asdict(each) for each in findings]}
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
