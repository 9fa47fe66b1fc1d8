#!/usr/bin/env bash
# identity.sh URL: projects, users, roles and logins by the openstack command line (python3-openstackclient), openstacksdk
# (python3-openstacksdk) and keystoneauth, against a running server. The last line is "N passed, M failed"; the exit code is
# 1 when something failed.
exec /usr/bin/python3 "$(dirname "$0")/python/identity.py" "${1:?usage: identity.sh URL}"
