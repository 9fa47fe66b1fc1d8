"""What an administrator does with `cinder`: types, specs of quality of service, quotas, statuses, records of backups."""
import os

from harness import equal, refused, step

DATA = os.urandom(300_032)


def types(tenant, admin):
    project = tenant.cloud.project
    with step('type-create, type-update, type-show'):
        made = admin.table('type-create --description d --is-public false ci-type')[0]
        admin.do(f'type-update --name ci-kind --description e {made["ID"]}')
        equal(admin.record('type-show ci-kind')['description'], 'e')
        assert 'ci-kind' not in tenant.column('type-list', 'Name')
        refused(tenant.run('type-create ci-forbidden'))
    with step('type-key, extra-specs-list'):
        admin.do('type-key ci-kind set a=b c=d')
        admin.do('type-key ci-kind unset a')
        specs = {row['Name']: row['extra_specs'] for row in admin.table('extra-specs-list')}
        equal(specs['ci-kind'], "{'c': 'd'}")
    with step('type-access-add, -list, -remove'):
        admin.do(f'type-access-add --volume-type ci-kind --project-id {project}')
        equal(admin.column('type-access-list --volume-type ci-kind', 'Project_ID'), [project])
        assert 'ci-kind' in tenant.column('type-list', 'Name')
        admin.do(f'type-access-remove --volume-type ci-kind --project-id {project}')
        assert 'ci-kind' not in tenant.column('type-list', 'Name')
    with step('encryption-type-create, -update, -show, -list, -delete'):
        flags = '--cipher aes-xts-plain64 --key-size 256 --control-location front-end'
        admin.do(f'encryption-type-create {flags} ci-kind luks')
        admin.do('encryption-type-update --key-size 128 ci-kind')
        shown = admin.table('encryption-type-show ci-kind')[0]
        equal((shown['Provider'], shown['Key Size']), ('luks', '128'))
        assert 'luks' in admin.column('encryption-type-list', 'Provider')
        admin.do('encryption-type-delete ci-kind')
        assert 'luks' not in admin.do('encryption-type-show ci-kind')


def qos(admin):
    with step('qos-create, -key, -show, -list'):
        made = admin.record('qos-create ci-qos consumer=back-end iops=100')['id']
        admin.do(f'qos-key {made} set burst=200')
        admin.do(f'qos-key {made} unset iops')
        assert 'burst' in str(admin.record(f'qos-show {made}'))
        assert 'ci-qos' in admin.column('qos-list', 'Name')
    with step('qos-associate, -get-association, -disassociate, -disassociate-all, -delete'):
        kind = next(row['ID'] for row in admin.table('type-list') if row['Name'] == 'ci-kind')
        admin.do(f'qos-associate {made} {kind}')
        equal(admin.column(f'qos-get-association {made}', 'ID'), [kind])
        admin.do(f'qos-disassociate {made} {kind}')
        admin.do(f'qos-associate {made} {kind}')
        admin.do(f'qos-disassociate-all {made}')
        equal(admin.column(f'qos-get-association {made}', 'ID'), [])
        admin.do(f'qos-delete {made}')
        assert 'ci-qos' not in admin.column('qos-list', 'Name')
    with step('type-delete'):
        admin.do('type-delete ci-kind')
        assert 'ci-kind' not in admin.column('type-list', 'Name')


def quotas(tenant, admin):
    project = tenant.cloud.project
    with step('quota-update: the limit holds'):
        used = len(tenant.table('list'))
        admin.do(f'quota-update --volumes {used} {project}')
        equal(tenant.record(f'quota-show {project}')['volumes'], str(used))
        refused(tenant.run('create 1'), 'exceeded')
    with step('quota-update for a type'):
        admin.do(f'quota-update --gigabytes 5 --volume-type SSD {project}')
        equal(tenant.record(f'quota-show {project}')['gigabytes_SSD'], '5')
    with step('quota-delete'):
        admin.do(f'quota-delete {project}')
        volume = tenant.record('create --name ci-fits 1')['id']
        tenant.cloud.wait('volume', volume)
        tenant.do(f'delete {volume}')
        tenant.cloud.wait('volume', volume, 'gone')
    with step('quota-class-show, quota-class-update'):
        before = admin.record('quota-class-show default')['volumes']
        admin.do('quota-class-update --volumes 77 default')
        equal(tenant.record(f'quota-defaults {project}')['volumes'], '77')
        admin.do(f'quota-class-update --volumes {before} default')


def statuses(tenant, admin):
    cloud = tenant.cloud
    with step('reset-state'):
        volume = tenant.record('create --name ci-stuck 1')['id']
        cloud.wait('volume', volume)
        refused(tenant.run(f'reset-state --state error {volume}'))
        admin.do(f'reset-state --state error {volume}')
        equal(cloud.get('volume', volume)['status'], 'error')
        admin.do(f'reset-state --state available {volume}')
    with step('snapshot-reset-state, snapshot-delete --force'):
        snapshot = tenant.record(f'snapshot-create {volume}')['id']
        cloud.wait('snapshot', snapshot)
        admin.do(f'snapshot-reset-state --state error {snapshot}')
        equal(cloud.get('snapshot', snapshot)['status'], 'error')
        admin.do(f'snapshot-delete --force {snapshot}')
        cloud.wait('snapshot', snapshot, 'gone')
    with step('backup-reset-state'):
        backup = tenant.record(f'backup-create {volume}')['id']
        cloud.wait('backup', backup)
        admin.do(f'backup-reset-state --state error {backup}')
        equal(cloud.get('backup', backup)['status'], 'error')
        admin.do(f'backup-delete --force {backup}')
        cloud.wait('backup', backup, 'gone')
    with step('force-delete'):
        admin.do(f'reset-state --state attaching {volume}')
        admin.do(f'force-delete {volume}')
        cloud.wait('volume', volume, 'gone')


def records(admin):
    cloud = admin.cloud
    with step('backup-export, backup-import'):
        volume = admin.record('create --name ci-exported 1')['id']
        cloud.wait('volume', volume)
        cloud.write(volume, DATA)
        backup = admin.record(f'backup-create {volume}')['id']
        cloud.wait('backup', backup)
        record = admin.record(f'backup-export {backup}')
        refused(admin.run(['backup-import', record['backup_service'], 'nonsense']))
        result = admin.run(['backup-import', record['backup_service'], record['backup_url']])
        # The backup is there already: it is refused, or it is the same one again.
        assert result.code == 0 or 'exist' in result.said or backup in result.said, result.said
        cloud.has(f'backups/{backup}', DATA)
        admin.do(f'backup-delete {backup}')
        cloud.wait('backup', backup, 'gone')
        admin.do(f'delete {volume}')
        cloud.wait('volume', volume, 'gone')


def services(admin):
    with step('service-list, get-pools, get-capabilities'):
        rows = admin.table('service-list')
        host = next(row['Host'] for row in rows if row['Binary'] == 'cinder-volume')
        assert admin.table('get-pools')
        admin.do(f'get-capabilities {host}')


def run(tenant, admin):
    types(tenant, admin)
    qos(admin)
    quotas(tenant, admin)
    statuses(tenant, admin)
    records(admin)
    services(admin)
