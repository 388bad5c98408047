"""Tries a running version at $URL before any user does."""

import json
import os
import re
import sys
import urllib.error
import urllib.request


class SmokeError(Exception):
    """What is wrong with this version."""


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise SmokeError(f"GET {url} answered {error.code}") from error
    except OSError as error:
        raise SmokeError(f"GET {url}: {error}") from error


def visits(url):
    found = re.search(r'id="visits">(\d+)<', get(f"{url}/"))
    if not found:
        raise SmokeError("the page shows no number of visits")
    return int(found[1])


def smoke(url):
    first, second = visits(url), visits(url)
    if second <= first:
        raise SmokeError(f"two visits, and the counter went from {first} to {second}")
    if not json.loads(get(f"{url}/api/version")).get("version"):
        raise SmokeError("/api/version does not say a version")


def main():
    try:
        smoke(os.environ["URL"].rstrip("/"))
    except (SmokeError, ValueError) as error:
        print(f"smoke test failed: {error}", file=sys.stderr)
        return 1
    print("smoke test passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
