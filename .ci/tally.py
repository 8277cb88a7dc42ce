"""
Adds up what runs of trial have said, and fails where anything did.
"""

import re
import sys
from pathlib import Path

SUMMARY = re.compile(r"^(?:PASSED|FAILED)(?: \((.*)\))?$")
REPORT = re.compile(r"^={70,}\n(\[(?:FAIL|ERROR)\]\n.*?)(?=^[=-]{70,}$)", re.M | re.S)
LINES_TOLD = 15


def told_again(text: str) -> list[str]:
    """
    What trial says of each failure in C{text}: its kind, the end of the traceback,
    and the names of the tests.
    """
    reports = (report.rstrip().splitlines() for report in REPORT.findall(text))
    return ["\n".join([kind, *rest[-LINES_TOLD:]]) for kind, *rest in reports]


def main(steps_failed: int, *logs: str) -> int:
    """
    Print what failed in C{logs}, where all can see it, and the sum of the results.

    @param steps_failed: how many steps of CI have failed, of any kind.
    """
    passed = failed = skipped = 0
    for log in logs:
        text = Path(log).read_text(errors="replace")
        for report in told_again(text):
            print(f"{report}\n")
        summaries = [
            match for line in text.splitlines() if (match := SUMMARY.match(line))
        ]
        if not summaries:
            failed += 1
            print(f"No result in {Path(log).name}.")
            continue
        for summary in summaries:
            counts = dict(
                part.split("=") for part in (summary[1] or "").split(", ") if part
            )
            number = {name: int(value) for name, value in counts.items()}
            passed += number.get("successes", 0) + number.get("expectedFailures", 0)
            failed += number.get("failures", 0) + number.get("errors", 0)
            failed += number.get("unexpectedSuccesses", 0)
            skipped += number.get("skips", 0) + number.get("todos", 0)
    if steps_failed and not failed:
        failed = steps_failed
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
