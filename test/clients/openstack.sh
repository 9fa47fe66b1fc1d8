#!/usr/bin/env bash
# openstack.sh URL: the openstack command line (python3-openstackclient) against a running server. The last line is
# "N passed, M failed"; the exit code is 1 when something failed.
exec /usr/bin/python3 "$(dirname "$0")/python/openstack_cli.py" "${1:?usage: openstack.sh URL}"
