"""Every operation of the description was tried by somebody: nothing that is added later escapes the explorers unnoticed.

usage: covered_operations.py URL REPORT… -- OPERATION…
REPORTs are JUnit files of schemathesis; the OPERATIONs ("GET /api/v1/ws") are proved elsewhere.
"""
import json
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree

from http_client import report

METHODS = ("get", "put", "post", "patch", "delete")
split = sys.argv.index("--")
with urllib.request.urlopen(sys.argv[1] + "/openapi.json", timeout=20) as answer:
    document = json.load(answer)
described = {f"{m.upper()} {p}" for p, item in document["paths"].items() for m in item if m in METHODS}
tried = set()
for path in sys.argv[2:split]:
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if not any(part.tag == "skipped" for part in case):
            tried.add(case.get("name"))
elsewhere = set(sys.argv[split + 1:])
missing = sorted(described - tried - elsewhere)
report(f"each of {len(described)} operations was tried, but for {len(elsewhere)} that are proved elsewhere",
       "; ".join(missing + [f"{o} is no operation" for o in sorted(elsewhere - described)]) or None)
