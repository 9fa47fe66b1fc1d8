#!/usr/bin/env bash
# cinder.sh URL: the cinder command line (python3-cinderclient) against a running server. The last line is
# "N passed, M failed"; the exit code is 1 when something failed.
exec /usr/bin/python3 "$(dirname "$0")/python/cinder_cli.py" "${1:?usage: cinder.sh URL}"
