"""What a tenant does with `cinder`: volumes, snapshots, backups, transfers, attachments, messages."""
import os

from harness import equal, refused, step

OLD, NEW = os.urandom(300_032), os.urandom(300_032)


def places(client):
    with step('version-list, api-version'):
        assert '3.0' in client.do('version-list')
        client.do('api-version')
    with step('availability-zone-list'):
        zones = client.table('availability-zone-list')
        assert zones and all(zone['Status'] == 'available' for zone in zones), zones
    with step('list-extensions'):
        assert 'Hosts' in client.column('list-extensions', 'Name')
    with step('absolute-limits, rate-limits'):
        limits = {row['Name']: row['Value'] for row in client.table('absolute-limits')}
        assert int(limits['maxTotalVolumes']) > 0, limits
        client.do('rate-limits')
    with step('list-filters'):
        assert 'volume' in client.column('list-filters', 'Resource')
    with step('quota-show, quota-usage, quota-defaults'):
        project = client.cloud.project
        assert int(client.record(f'quota-show {project}')['volumes']) > 0
        usage = {row['Type']: row for row in client.table(f'quota-usage {project}')}
        equal(set(usage['volumes']), {'Type', 'In_use', 'Reserved', 'Limit', 'Allocated'} & set(usage['volumes']))
        assert int(client.record(f'quota-defaults {project}')['gigabytes']) > 0
    with step('type-list, type-show, type-default, extra-specs-list'):
        assert 'SSD' in client.column('type-list', 'Name')
        equal(client.record('type-show SSD')['name'], 'SSD')
        equal(client.column('type-default', 'Name'), ['SSD'])


def volumes(client):
    cloud = client.cloud
    with step('create, show'):
        one = client.record('create --name ci-one --description d --metadata a=b --availability-zone eu-de-02 1')['id']
        cloud.wait('volume', one)
        shown = client.record('show ci-one')
        equal((shown['id'], shown['size'], shown['availability_zone']), (one, '1', 'eu-de-02'))
        refused(client.run('show ci-nothing'), 'ci-nothing')
    with step('create --poll'):
        polled = client.record('create --poll --name ci-polled 1')
        equal(cloud.get('volume', polled['id'])['status'], 'available')
    with step('list, with its filters, orders and pages'):
        assert {'ci-one', 'ci-polled'} <= set(client.column('list', 'Name'))
        equal(client.column('list --name ci-one --status available', 'Name'), ['ci-one'])
        equal(client.column('list --metadata a=b', 'Name'), ['ci-one'])
        equal(len(client.table('list --limit 1')), 1)
        listed = client.column('list --sort name:desc', 'Name')
        equal(listed, sorted(listed, reverse=True))
        equal(client.column('list --filters name~=ci-pol', 'Name'), ['ci-polled'])
    with step('summary'):
        assert int(client.table('summary', '3.12')[0]['Value'].split()[-1]) >= 2
    with step('rename'):
        client.do('rename --description e ci-one ci-uno')
        shown = cloud.get('volume', one)
        equal((shown['name'], shown['description']), ('ci-uno', 'e'))
    with step('extend keeps the bytes'):
        cloud.write(one, OLD)
        client.do(f'extend {one} 2')
        equal(cloud.wait('volume', one)['size'], 2)
        cloud.has(f'volumes/{one}', OLD)
        refused(client.run(f'extend {one} 1'), 'size')
    with step('metadata, metadata-show, metadata-update-all'):
        client.do(f'metadata {one} set c=d')
        equal(cloud.get('volume', one)['metadata'], {'a': 'b', 'c': 'd'})
        equal(client.record(f'metadata-show {one}'), {'a': 'b', 'c': 'd'})
        client.do(f'metadata {one} unset a')
        client.do(f'metadata-update-all {one} e=f')
        equal(cloud.get('volume', one)['metadata'], {'e': 'f'})
    with step('image-metadata, image-metadata-show'):
        client.do(f'image-metadata {one} set os=debian')
        equal(client.record(f'image-metadata-show {one}'), {'os': 'debian'})
        client.do(f'image-metadata {one} unset os')
    with step('set-bootable, readonly-mode-update'):
        client.do(f'set-bootable {one} true')
        client.do(f'readonly-mode-update {one} true')
        shown = cloud.get('volume', one)
        equal((shown['bootable'], shown['metadata']['readonly']), ('true', 'True'))
        client.do(f'set-bootable {one} false')
        client.do(f'readonly-mode-update {one} false')
    with step('retype'):
        slow = client.record('create --name ci-slow --volume-type SATA 10')['id']
        cloud.wait('volume', slow)
        client.do(f'retype --migration-policy on-demand {slow} SSD')
        equal(cloud.wait('volume', slow)['volume_type'], 'SSD')
    with step('create --source-volid has the bytes'):
        copy = client.record(f'create --source-volid {one} --name ci-copy 2')['id']
        cloud.wait('volume', copy)
        cloud.has(f'volumes/{copy}', OLD)
    with step('delete'):
        client.do(f'delete {slow} {copy} {polled["id"]}')
        for gone in (slow, copy, polled['id']):
            cloud.wait('volume', gone, 'gone')
    return one


def snapshots(client, volume):
    cloud = client.cloud
    with step('snapshot-create, snapshot-show, snapshot-list'):
        made = client.record(f'snapshot-create --name ci-snap --description d --metadata a=b --force True {volume}', '3.0')
        snapshot = made['id']
        cloud.wait('snapshot', snapshot)
        equal(client.record('snapshot-show ci-snap')['volume_id'], volume)
        equal(client.column(f'snapshot-list --volume-id {volume} --status available', 'Name'), ['ci-snap'])
        cloud.has(f'snapshots/{snapshot}', OLD)
    with step('snapshot-rename'):
        client.do('snapshot-rename --description e ci-snap ci-shot')
        equal(cloud.get('snapshot', snapshot)['name'], 'ci-shot')
    with step('snapshot-metadata, -show, -update-all'):
        client.do(f'snapshot-metadata {snapshot} set c=d')
        equal(client.record(f'snapshot-metadata-show {snapshot}'), {'a': 'b', 'c': 'd'})
        client.do(f'snapshot-metadata {snapshot} unset a')
        client.do(f'snapshot-metadata-update-all {snapshot} e=f')
        equal(cloud.get('snapshot', snapshot)['metadata'], {'e': 'f'})
    with step('create --snapshot-id has the bytes'):
        clone = client.record(f'create --snapshot-id {snapshot} --name ci-clone 2')['id']
        cloud.wait('volume', clone)
        cloud.has(f'volumes/{clone}', OLD)
    with step('revert-to-snapshot'):
        cloud.write(volume, NEW)
        client.do(f'revert-to-snapshot {snapshot}')
        cloud.wait('snapshot', snapshot)
        cloud.wait('volume', volume)
        cloud.has(f'volumes/{volume}', OLD)
    with step('snapshot-delete; delete --cascade'):
        refused(client.run(f'delete {volume}'))
        last = client.record(f'snapshot-create --name ci-last {clone}')['id']
        cloud.wait('snapshot', last)
        client.do(f'snapshot-delete {snapshot}')
        client.do(f'delete --cascade {clone}')
        cloud.wait('snapshot', snapshot, 'gone')
        cloud.wait('snapshot', last, 'gone')
        cloud.wait('volume', clone, 'gone')


def backups(client, volume):
    cloud = client.cloud
    with step('backup-create, backup-show, backup-list'):
        full = client.record(f'backup-create --name ci-full --description d {volume}')['id']
        cloud.wait('backup', full)
        equal(client.record('backup-show ci-full')['volume_id'], volume)
        cloud.has(f'backups/{full}', OLD)
    with step('backup-create --incremental'):
        cloud.write(volume, NEW)
        more = client.record(f'backup-create --name ci-more --incremental --metadata a=b {volume}')['id']
        equal(cloud.wait('backup', more)['is_incremental'], True)
        cloud.has(f'backups/{more}', NEW)
        equal(set(client.column(f'backup-list --volume-id {volume}', 'Name')), {'ci-full', 'ci-more'})
        equal(client.column('backup-list --name ci-full', 'Name'), ['ci-full'])
    with step('backup-update'):
        client.do(f'backup-update --name ci-whole --description e --metadata c=d {full}')
        shown = cloud.get('backup', full)
        equal((shown['name'], shown['description'], shown['metadata']), ('ci-whole', 'e', {'c': 'd'}))
    with step('backup-restore writes over a volume'):
        client.do(f'backup-restore --volume {volume} {full}')
        cloud.wait('volume', volume)
        cloud.wait('backup', full)
        cloud.has(f'volumes/{volume}', OLD)
    with step('backup-restore makes a volume'):
        made = client.record(f'backup-restore --name ci-restored {more}')['volume_id']
        equal(cloud.wait('volume', made)['name'], 'ci-restored')
        cloud.wait('backup', more)
        cloud.has(f'volumes/{made}', NEW)
    with step('create --backup-id has the bytes'):
        other = client.record(f'create --backup-id {more} --name ci-of-backup 2')['id']
        cloud.wait('volume', other)
        cloud.has(f'volumes/{other}', NEW)
    with step('backup-delete'):
        client.do(f'backup-delete {more} {full}')
        cloud.wait('backup', more, 'gone')
        cloud.wait('backup', full, 'gone')
        client.do(f'delete {made} {other}')
        cloud.wait('volume', made, 'gone')
        cloud.has(f'volumes/{volume}', OLD)


def transfers(client, other, volume):
    for version in ('3.0', '3.55'):
        with step(f'transfer-create, -list, -show, -delete at {version}'):
            gift = client.record(f'transfer-create --name ci-gift {volume}', version)['id']
            equal(client.column('transfer-list', 'Name', version), ['ci-gift'])
            equal(client.record(f'transfer-show {gift}', version)['volume_id'], volume)
            client.do(f'transfer-delete {gift}', version)
            equal(client.cloud.get('volume', volume)['status'], 'available')
    with step('transfer-accept: the volume is the other project’s, with its bytes'):
        made = client.record(f'transfer-create {volume}')
        refused(other.run(f'transfer-accept {made["id"]} wrong'))
        other.do(f'transfer-accept {made["id"]} {made["auth_key"]}')
        other.cloud.wait('volume', volume)
        equal(client.cloud.get('volume', volume), None)
        other.cloud.has(f'volumes/{volume}', OLD)
        other.do(f'delete {volume}')
        other.cloud.wait('volume', volume, 'gone')


def attachments(client):
    cloud = client.cloud
    with step('attachment-create, -update, -complete, -show, -list, -delete'):
        volume = client.record('create --name ci-attached 1')['id']
        cloud.wait('volume', volume)
        made = client.record(f'attachment-create {volume} 11111111-2222-4333-8444-555555555555')['id']
        reserved = cloud.get('volume', volume)['status']
        client.do(f'attachment-update --host h --initiator i --mountpoint /dev/vdb {made}')
        client.do(f'attachment-complete {made}')
        cloud.wait('volume', volume, 'in-use')
        equal(client.record(f'attachment-show {made}')['volume_id'], volume)
        equal(client.column('attachment-list', 'ID'), [made])
        client.do(f'attachment-delete {made}')
        cloud.wait('volume', volume)
        client.do(f'delete {volume}')
        cloud.wait('volume', volume, 'gone')


    with step('attachment-create reserves the volume'):
        equal(reserved, 'reserved')


def messages(client):
    cloud = client.cloud
    with step('message-list, message-show, message-delete'):
        volume = client.record('create --name ci-damaged 1')['id']
        cloud.wait('volume', volume)
        # Bytes that no backup has: of others there is a good copy.
        cloud.write(volume, os.urandom(300_032))
        damage = {'target': {'kind': 'all'}, 'fault': 'flip', 'count': 1_000_000}
        cloud.ask('POST', f'/sim/v1/{{p}}/volumes/{volume}/damage', damage)
        backup = client.record(f'backup-create {volume}')['id']
        cloud.wait('backup', backup, 'error')
        message = next(row['ID'] for row in client.table('message-list') if row['Resource UUID'] == backup)
        equal(client.record(f'message-show {message}')['resource_uuid'], backup)
        client.do(f'message-delete {message}')
        assert message not in client.column('message-list', 'ID')
        client.do(f'backup-delete {backup}')
        cloud.wait('backup', backup, 'gone')
        client.do(f'delete {volume}')
        cloud.wait('volume', volume, 'gone')


def run(client, other):
    places(client)
    volume = volumes(client)
    snapshots(client, volume)
    backups(client, volume)
    transfers(client, other, volume)
    attachments(client)
    messages(client)
