"""The cinder command line: every volume, snapshot, backup, transfer, type, quota and zone command that it has."""
import cinder_admin
import cinder_volumes
from cinderclient import api_versions
from cinderclient.shell import OpenStackCinderShell
from harness import Cloud, arguments, covers, finish, run_main, words

GROUPS = 'There are no groups of volumes: quota 0, as in the catalogue of the vendor.'
OPERATOR = 'For operators of storage backends: there are none behind this service.'
IMAGES = 'There are no images.'
LEFT_OUT = {
    **{f'consisgroup-{verb}': GROUPS for verb in ('create', 'create-from-src', 'delete', 'list', 'show', 'update')},
    **{f'cgsnapshot-{verb}': GROUPS for verb in ('create', 'delete', 'list', 'show')},
    **{f'group-{verb}': GROUPS for verb in ('create', 'create-from-src', 'delete', 'list', 'show', 'update')},
    **{f'group-{verb}-replication': GROUPS for verb in ('disable', 'enable', 'failover')},
    'group-list-replication-targets': GROUPS,
    'group-specs-list': GROUPS,
    **{f'group-snapshot-{verb}': GROUPS for verb in ('create', 'delete', 'list', 'show')},
    **{f'group-type-{verb}': GROUPS for verb in ('create', 'default', 'delete', 'key', 'list', 'show', 'update')},
    **{f'cluster-{verb}': OPERATOR for verb in ('disable', 'enable', 'list', 'show')},
    **{f'service-{verb}': OPERATOR for verb in ('disable', 'enable', 'get-log', 'set-log')},
    **{
        name: OPERATOR
        for name in (
            'failover-host', 'freeze-host', 'thaw-host', 'manage', 'manageable-list', 'unmanage', 'migrate', 'reimage',
            'snapshot-manage', 'snapshot-manageable-list', 'snapshot-unmanage', 'work-cleanup', 'default-type-list',
            'default-type-set', 'default-type-unset',
        )
    },
    'upload-to-image': IMAGES,
    'bash-completion': 'Says what the client itself has.',
    'help': 'Says what the client itself has.',
}


def all_commands():
    shell = OpenStackCinderShell()
    shell.get_subcommand_parser(api_versions.APIVersion('3.70'), do_help=True, input_args=[])
    return set(shell.subcommands) - {'bash_completion'}


class Cinder:
    """Runs `cinder` as one user, and notes which commands were run."""

    def __init__(self, cloud, ran):
        self.cloud, self.ran = cloud, ran

    def run(self, line, version='3.70'):
        argv = words(line)
        self.ran.add(argv[0])
        flags = [*self.cloud.flags(), '--os-volume-api-version', version]
        return run_main(lambda given: OpenStackCinderShell().main(given), [*flags, *argv])

    def do(self, line, version='3.70'):
        """Output of a command that has to succeed."""
        return self.run(line, version).good().out

    def table(self, line, version='3.70'):
        """The first table that a command prints, as a list of rows by column."""
        lines = [row.strip() for row in self.do(line, version).splitlines()]
        rows = [[cell.strip() for cell in row.strip('|').split(' | ')] for row in lines if row.startswith('|')]
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    def record(self, line, version='3.70'):
        """A table of properties as one record."""
        rows = self.table(line, version)
        return dict(tuple(row.values())[:2] for row in rows)

    def column(self, line, name, version='3.70'):
        return [row[name] for row in self.table(line, version)]


def run_all():
    url, ran = arguments(), set()
    tenant, other, admin = (Cinder(Cloud(url, user), ran) for user in ('demo1', 'demo2', 'admin'))
    cinder_volumes.run(tenant, other)
    cinder_admin.run(tenant, admin)
    covers('cinder', all_commands(), ran, LEFT_OUT)
    return finish()


raise SystemExit(run_all())
