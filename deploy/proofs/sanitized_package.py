"""Writes a package of the given test targets and the modules below them, to be built with a sanitizer.

usage: swift package dump-package | sanitized_package.py PROJECT DIRECTORY TEST_TARGET…
A sanitizer has to be built into everything that runs. HTTP, TLS and their tests bring most of what there is to build, and
the state that threads share lies below them. Sources are linked, not copied. Prints the packages that the targets need.
"""
import json
import os
import subprocess
import sys


def names(target: dict) -> list[str]:
    return [(d.get("byName") or d.get("target"))[0] for d in target["dependencies"] if "product" not in d]


def products(target: dict) -> list[tuple[str, str]]:
    return [tuple(d["product"][:2]) for d in target["dependencies"] if "product" in d]


def settings(target: dict, tool: str) -> list[str]:
    found = []
    for setting in target["settings"]:
        for kind, value in setting["kind"].items():
            if setting["tool"] == tool and kind in ("enableUpcomingFeature", "linkedLibrary"):
                found.append(f".{kind}({json.dumps(value['_0'])})")
    return found


def declaration(target: dict) -> str:
    name = json.dumps(target["name"])
    if target["type"] == "system":
        return f".systemLibrary(name: {name}, pkgConfig: {json.dumps(target['pkgConfig'])})"
    parts = [json.dumps(n) for n in names(target)]
    if target["type"] == "test":
        parts.append('"seen_order"')
    parts += [f".product(name: {json.dumps(n)}, package: {json.dumps(p)})" for n, p in products(target)]
    kind = "testTarget" if target["type"] == "test" else "target"
    return (f".{kind}(name: {name}, dependencies: [{', '.join(parts)}], exclude: {json.dumps(target['exclude'])}, "
            f"swiftSettings: [{', '.join(settings(target, 'swift'))}], linkerSettings: [{', '.join(settings(target, 'linker'))}])")


def main(project: str, directory: str, tests: list[str]) -> None:
    manifest = json.load(sys.stdin)
    targets = {t["name"]: t for t in manifest["targets"]}

    def below(name: str, seen: set[str]) -> set[str]:
        if name in targets and name not in seen:
            seen.add(name)
            for other in names(targets[name]):
                below(other, seen)
        return seen

    chosen = set().union(*(below(name, set()) for name in tests))
    needed = {p for name in chosen for _, p in products(targets[name])}
    packages = []
    for dependency in manifest["dependencies"]:
        source = dependency["sourceControl"][0]
        if source["identity"] in needed:
            lower = source["requirement"]["range"][0]["lowerBound"]
            url = source["location"]["remote"][0]["urlString"]
            packages.append(f".package(url: {json.dumps(url)}, from: {json.dumps(lower)})")

    os.makedirs(directory, exist_ok=True)
    entries = subprocess.run(["git", "-C", project, "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")
    for entry in {e.split("/")[0] for e in entries if e} - {"Package.swift"}:
        link = os.path.join(directory, entry)
        if not os.path.lexists(link):
            os.symlink(os.path.join(project, entry), link)
    text = "\n".join([
        "// swift-tools-version: 6.2", "import PackageDescription", "",
        f"let package = Package(name: {json.dumps(manifest['name'])}, platforms: [.macOS(.v15)],",
        f"    dependencies: [{', '.join(packages)}],", "    targets: [",
        '        .target(name: "seen_order", path: "deploy/proofs/seen_order"),',
        ",\n".join("        " + declaration(t) for t in manifest["targets"] if t["name"] in chosen),
        "    ], swiftLanguageModes: [.v6])", ""])
    path = os.path.join(directory, "Package.swift")
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    print("\n".join(sorted(needed)))


main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:])
