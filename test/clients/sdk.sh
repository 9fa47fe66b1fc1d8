#!/usr/bin/env bash
# sdk.sh URL: python openstacksdk (python3-openstacksdk) against a running server, by its cloud layer. The last line is
# "N passed, M failed"; the exit code is 1 when something failed.
exec /usr/bin/python3 "$(dirname "$0")/python/sdk.py" "${1:?usage: sdk.sh URL}"
