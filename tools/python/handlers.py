"""Writes down, or checks, what CloudFormation says that the template's resource types need.

Usage: handlers.py TEMPLATE FILE [--check]

The permissions are those of the types' handlers and of their tags, from the resource schemas that cfn-lint
carries, of which `make lint` has a pinned version. The tests of internal/iam hold the execution policy to FILE
without Python; --check fails when FILE is not what this cfn-lint says any more.
"""

import json
import pathlib
import re
import sys

import cfnlint.data.schemas as schemas

REGION = "us-east-1"  # which has every type


def main() -> None:
    template, file = map(pathlib.Path, sys.argv[1:3])
    types = sorted(set(re.findall(r"^    Type: (AWS::\S+)$", template.read_text(encoding="utf-8"), re.M)))
    said = json.dumps({t: permissions(t) for t in types}, indent=1) + "\n"
    if "--check" not in sys.argv:
        file.write_text(said, encoding="utf-8")
    elif file.read_text(encoding="utf-8") != said:
        sys.exit(f"{file} is not what cfn-lint's schemas say: run {' '.join(sys.argv[:3])}, and then go test ./internal/iam")


def permissions(resource_type: str) -> list[str]:
    """What the handlers need that CloudFormation runs for a stack; it lists nothing."""
    data = pathlib.Path(schemas.__file__).parent
    digest = json.loads((data / f"providers/{REGION}.json").read_text())[resource_type]
    schema = json.loads((data / f"resources/{digest}.json").read_text())
    needed = set(schema.get("tagging", {}).get("permissions", []))
    for name, handler in schema.get("handlers", {}).items():
        if name != "list":
            needed.update(handler["permissions"])
    return sorted(needed)


main()
