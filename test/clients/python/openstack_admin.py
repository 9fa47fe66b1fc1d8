"""What an administrator does with `openstack`: types, specs of quality of service, quotas, statuses, records of backups."""
import os

from harness import equal, refused, step

DATA = os.urandom(300_032)


def types(tenant, admin):
    with step('volume type create, show, list'):
        made = admin.ask('volume type create --description d --property a=b --private os-type')
        equal(made['is_public'], False)
        equal(admin.ask('volume type show os-type')['properties'], {'a': 'b'})
        assert 'os-type' in [row['Name'] for row in admin.ask('volume type list --long --private')]
        assert 'os-type' not in [row['Name'] for row in tenant.ask('volume type list')]
        refused(tenant.run('volume type create os-forbidden'))
    with step('volume type set: the name, specs, access of a project'):
        project = tenant.cloud.project
        admin.do(f'volume type set --name os-kind --description e --property c=d --project {project} os-type')
        shown = tenant.ask('volume type show os-kind')
        equal(shown['description'], 'e')
        assert project in str(admin.ask('volume type show os-kind')['access_project_ids'])
    with step('a volume of the type'):
        volume = tenant.ask('volume create --size 1 --type os-kind os-typed')['id']
        equal(tenant.cloud.wait('volume', volume)['volume_type'], 'os-kind')
        refused(admin.run('volume type delete os-kind'))
        tenant.do(f'volume delete {volume}')
        tenant.cloud.wait('volume', volume, 'gone')
    with step('volume type set and unset: encryption'):
        flags = '--encryption-cipher aes-xts-plain64 --encryption-key-size 256 --encryption-control-location front-end'
        admin.do(f'volume type set --encryption-provider luks {flags} os-kind')
        assert 'luks' in str(admin.ask('volume type show --encryption-type os-kind')['encryption'])
        admin.do('volume type unset --encryption-type os-kind')
        assert 'luks' not in str(admin.ask('volume type show --encryption-type os-kind')['encryption'])
    with step('volume type unset: specs, access'):
        admin.do(f'volume type unset --property a --project {project} os-kind')
        equal(admin.ask('volume type show os-kind')['properties'], {'c': 'd'})
        refused(tenant.run('volume type show os-kind'))
    with step('volume set --type'):
        volume = tenant.ask('volume create --size 10 --type SATA os-slow')['id']
        tenant.cloud.wait('volume', volume)
        tenant.do(f'volume set --type SSD --retype-policy on-demand {volume}')
        equal(tenant.cloud.wait('volume', volume)['volume_type'], 'SSD')
        tenant.do(f'volume delete {volume}')
        tenant.cloud.wait('volume', volume, 'gone')


def qos(admin):
    with step('volume qos create, show, list, set, unset'):
        made = admin.ask('volume qos create --consumer back-end --property iops=100 os-qos')
        admin.do(f'volume qos set --property burst=200 {made["id"]}')
        equal(admin.ask('volume qos show os-qos')['properties'], {'iops': '100', 'burst': '200'})
        admin.do(f'volume qos unset --property burst {made["id"]}')
        equal(admin.ask('volume qos show os-qos')['properties'], {'iops': '100'})
        assert 'os-qos' in [row['Name'] for row in admin.ask('volume qos list')]
    with step('volume qos associate, disassociate, delete'):
        admin.do('volume qos associate os-qos os-kind')
        assert 'os-kind' in str(admin.ask('volume qos show os-qos').get('associations'))
        admin.do('volume qos disassociate --volume-type os-kind os-qos')
        admin.do('volume qos delete os-qos')
        assert 'os-qos' not in [row['Name'] for row in admin.ask('volume qos list')]
    with step('volume type delete'):
        admin.do('volume type delete os-kind')
        refused(admin.run('volume type show os-kind'))


def quotas(tenant, admin):
    project = tenant.cloud.project
    quota = f'/evs/v3/{{p}}/os-quota-sets/{project}'
    with step('quota set, quota show: the limit holds'):
        used = len(tenant.ask('volume list'))
        admin.do(f'quota set --volumes {used} {project}')
        equal(admin.cloud.ask('GET', quota)['quota_set']['volumes'], used)
        equal(admin.ask(f'quota show {project}')['volumes'], used)
        refused(tenant.run('volume create --size 1 os-too-many'), 'exceeded')
    with step('quota set for a type'):
        admin.do(f'quota set --gigabytes 5 --volume-type SSD {project}')
        equal(admin.cloud.ask('GET', quota)['quota_set']['gigabytes_SSD'], 5)
    with step('quota list'):
        assert project in admin.run('quota list --volume').said
        assert 'volumes' in str(admin.ask(f'quota list --volume --detail --project {project}')).lower()
    with step('quota of the defaults again'):
        admin.cloud.ask('DELETE', quota)
        volume = tenant.ask('volume create --size 1 os-fits')['id']
        tenant.cloud.wait('volume', volume)
        tenant.do(f'volume delete {volume}')
        tenant.cloud.wait('volume', volume, 'gone')


def statuses(tenant, admin):
    cloud = tenant.cloud
    with step('volume set --state, volume delete --force'):
        volume = tenant.ask('volume create --size 1 os-stuck')['id']
        cloud.wait('volume', volume)
        refused(tenant.run(f'volume set --state error {volume}'))
        admin.do(f'volume set --state error {volume}')
        equal(cloud.get('volume', volume)['status'], 'error')
        admin.do(f'volume set --state available {volume}')
        equal(cloud.get('volume', volume)['status'], 'available')
    with step('volume snapshot set --state'):
        snapshot = tenant.ask(f'volume snapshot create --volume {volume} os-stuck-snapshot')['id']
        cloud.wait('snapshot', snapshot)
        admin.do(f'volume snapshot set --state error {snapshot}')
        equal(cloud.get('snapshot', snapshot)['status'], 'error')
        admin.do(f'volume snapshot delete --force {snapshot}')
        cloud.wait('snapshot', snapshot, 'gone')
    with step('volume delete --force'):
        admin.do(f'volume set --state attaching {volume}')
        admin.do(f'volume delete --force {volume}')
        cloud.wait('volume', volume, 'gone')


def records(admin):
    cloud = admin.cloud
    with step('volume backup set --state'):
        volume = admin.ask('volume create --size 1 os-exported')['id']
        cloud.wait('volume', volume)
        cloud.write(volume, DATA)
        backup = admin.ask(f'volume backup create --name os-export {volume}')['id']
        cloud.wait('backup', backup)
        admin.do(f'volume backup set --state error {backup}')
        equal(cloud.get('backup', backup)['status'], 'error')
        admin.do(f'volume backup set --state available {backup}')
    with step('volume backup record export and import'):
        record = admin.ask(f'volume backup record export {backup}')
        refused(admin.run(f'volume backup record import {record["backup_service"]} nonsense'))
        result = admin.run(['volume', 'backup', 'record', 'import', record['backup_service'], record['backup_url']])
        # The backup is there already: it is refused, or it is the same one again.
        assert result.code == 0 or 'exist' in result.said or backup in result.said, result.said
        cloud.has(f'backups/{backup}', DATA)
    with step('what the administrator made is gone'):
        admin.do(f'volume backup delete --force {backup}')
        cloud.wait('backup', backup, 'gone')
        admin.do(f'volume delete {volume}')
        cloud.wait('volume', volume, 'gone')


def services(admin):
    with step('volume service list'):
        assert 'cinder-volume' in [row['Binary'] for row in admin.ask('volume service list')]


def run(tenant, admin):
    types(tenant, admin)
    qos(admin)
    quotas(tenant, admin)
    statuses(tenant, admin)
    records(admin)
    services(admin)
