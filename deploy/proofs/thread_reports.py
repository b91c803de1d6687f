"""Reads what the thread sanitizer reported and prints each race once, as lines for deploy/lib/checks.sh.

usage: thread_reports.py FILE…
One kind of report is no race: the Swift runtime is not built with the sanitizer, which therefore does not see how a task's
frame is handed from the thread that resumes a continuation to the one that goes on. There, one access is in the resumption,
the other in `with…Continuation`. (Most of that, and Mutex, is made visible by seen_order.)
"""
import re
import sys

RESUMED = re.compile(r"^\$sScc6resume|^\$sScC6resume")
CONTINUED = re.compile(r"with(Unsafe|Checked)(Throwing)?Continuation")


def stacks(report: str) -> list[list[str]]:
    """The functions of the two accesses, innermost first."""
    found = []
    for block in re.split(r"\n\s*\n", report):
        if re.search(r"(of size \d+|of Swift variable) at \S+ by (thread|main)", block):
            found.append(re.findall(r"^\s*#\d+ (\S+)", block, re.M))
    return found


def is_seen_wrongly(report: str) -> bool:
    accesses = stacks(report)
    if len(accesses) != 2 or not all(accesses):
        return False
    tops = [stack[0] for stack in accesses]
    return any(RESUMED.search(t) for t in tops) and any(CONTINUED.search(t) for t in tops)


def main(paths: list[str]) -> None:
    races: dict[str, str] = {}
    seen = 0
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            for report in file.read().split("=================="):
                if "WARNING: ThreadSanitizer" not in report:
                    continue
                seen += 1
                if not is_seen_wrongly(report):
                    summary = re.search(r"SUMMARY: ThreadSanitizer: (.*)", report)
                    races.setdefault(summary.group(1) if summary else "?", report)
    for summary, report in sorted(races.items()):
        print(f"FAILED\tno race: {summary[:160]}\t{' '.join(report.split())[:1500]}")
    if not races:
        print(f"ok\tthe thread sanitizer saw no race ({seen} reports of what it cannot see)")


main(sys.argv[1:])
