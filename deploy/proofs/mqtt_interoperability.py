"""Runs one of Eclipse Paho's interoperability suites against a broker: every test of it passes.

usage: mqtt_interoperability.py SUITE PORT COUNT
SUITE is client_test.py or client_test5.py in a checkout of paho.mqtt.testing, COUNT how many tests it has.
"""
import contextlib
import os
import runpy
import sys
import unittest


def run(suite, port):
    """The result of the suite, which takes its port from the command line and then gives the rest to unittest."""
    results = []
    main = unittest.main

    def keep():
        results.append(main(module="__main__", argv=sys.argv[:1], exit=False).result)

    unittest.main = keep
    sys.argv = [os.path.basename(suite), "--port", port]
    sys.path.insert(0, os.path.dirname(suite))
    # It prints what it does; standard output is for the report.
    with contextlib.redirect_stdout(sys.stderr):
        runpy.run_path(suite, run_name="__main__")
    return results[0]


def report(suite, port, count):
    result = run(suite, port)
    faults = result.failures + result.errors
    passed = result.testsRun - len(faults) - len(result.skipped)
    said = f"{os.path.basename(suite)} of Eclipse Paho: {passed} of {count} tests pass"
    names = ", ".join(case.id().rsplit(".", 1)[-1] for case, _ in faults)
    print(f"ok\t{said}" if passed == count and not faults else f"FAILED\t{said}\t{names}")


report(os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
