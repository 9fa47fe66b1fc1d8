"""The openstack command line: every volume, snapshot, backup, transfer, type, quota and zone command that it has."""
import importlib.metadata

import openstack_admin
import openstack_volumes
from harness import Cloud, arguments, covers, finish, run_main, words
from openstackclient.shell import main

GROUPS = 'There are no groups of volumes: quota 0, as in the catalogue of the vendor.'
OPERATOR = 'For operators of storage backends: there are none behind this service.'
LEFT_OUT = {
    'block_storage_cluster_list': OPERATOR,
    'block_storage_cluster_set': OPERATOR,
    'block_storage_cluster_show': OPERATOR,
    'volume_host_set': OPERATOR,
    'volume_migrate': OPERATOR,
    'volume_service_set': OPERATOR,
    **{
        f'consistency_group_{verb}': GROUPS
        for verb in ('add_volume', 'create', 'delete', 'list', 'remove_volume', 'set', 'show')
    },
    **{f'consistency_group_snapshot_{verb}': GROUPS for verb in ('create', 'delete', 'list', 'show')},
    **{f'volume_group_{verb}': GROUPS for verb in ('create', 'delete', 'failover', 'list', 'set', 'show')},
    **{f'volume_group_snapshot_{verb}': GROUPS for verb in ('create', 'delete', 'list', 'show')},
    **{f'volume_group_type_{verb}': GROUPS for verb in ('create', 'delete', 'list', 'set', 'show')},
}
# Not of the volume client, but about volumes.
BESIDE = {'availability_zone_list', 'limits_show', 'quota_list', 'quota_set', 'quota_show', 'extension_list'}


def volume_commands():
    entries = importlib.metadata.distribution('python-openstackclient').entry_points
    return {entry.name for entry in entries if entry.group == 'openstack.volume.v3'} | BESIDE


class OpenStack:
    """Runs `openstack` as one user, and notes which commands were run."""

    def __init__(self, cloud, known, run):
        self.cloud, self.known, self.ran = cloud, known, run

    def run(self, line, version='3'):
        argv = words(line)
        name = next((n for n in ('_'.join(argv[:k]) for k in (5, 4, 3, 2)) if n in self.known), None)
        if name is not None:
            self.ran.add(name)
        return run_main(main, [*self.cloud.flags(), '--os-volume-api-version', version, *argv])

    def do(self, line, version='3'):
        """Output of a command that has to succeed."""
        return self.run(line, version).good().out

    def ask(self, line, version='3'):
        """The same as JSON."""
        return self.run([*words(line), '-f', 'json'], version).json()


def run_all():
    url = arguments()
    known, ran = volume_commands(), set()
    tenant, other, admin = (OpenStack(Cloud(url, user), known, ran) for user in ('demo1', 'demo2', 'admin'))
    openstack_volumes.run(tenant, other)
    openstack_admin.run(tenant, admin)
    covers('openstack', known, ran, LEFT_OUT)
    return finish()


raise SystemExit(run_all())
