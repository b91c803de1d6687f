"""Turns a JUnit report into the lines that deploy/lib/checks.sh counts: one for each tested operation.

usage: junit_reports.py FILE LABEL
"""
import sys
import xml.etree.ElementTree as ElementTree

for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    faults = [part.get("message") or part.text or part.tag for part in case if part.tag in ("failure", "error")]
    skipped = any(part.tag == "skipped" for part in case)
    if skipped and not faults:
        continue
    text = f"{sys.argv[2]}: {case.get('name')}"
    detail = " ".join(" ".join(faults).split())[:1500]
    print(f"FAILED\t{text}\t{detail}" if faults else f"ok\t{text}")
