"""Projects, users, roles and logins, by the openstack command line, openstacksdk and keystoneauth."""
import os

# Who a command line is for is said by its flags alone.
for name in [each for each in os.environ if each.startswith('OS_') and each != 'OS_REGION_NAME']:
    del os.environ[name]
os.environ.setdefault('OS_REGION_NAME', 'eu-de')

import identity_cli  # noqa: E402
import identity_sdk  # noqa: E402
from harness import arguments, finish  # noqa: E402


def run_all():
    url = arguments().rstrip('/')
    identity_cli.run(url)
    identity_sdk.run(url)
    return finish()


raise SystemExit(run_all())
