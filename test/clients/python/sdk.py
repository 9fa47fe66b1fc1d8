"""python openstacksdk by its cloud layer: what a program does with volumes."""
import os

import openstack
from harness import Cloud, arguments, equal, finish, step

OLD, NEW = os.urandom(300_032), os.urandom(300_032)
WAIT = {'wait': True, 'timeout': 60}


def connect(cloud):
    domain = {'user_domain_name': 'Default', 'project_domain_name': 'Default'}
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name=os.environ.get('OS_REGION_NAME', 'eu-de'),
        auth={
            'auth_url': f'{cloud.url}/iam/v3',
            'username': cloud.user,
            'password': cloud.password,
            'project_name': cloud.user,
            **domain,
        },
    )


def volumes(cloud, sdk):
    with step('create_volume waits until it is available'):
        made = sdk.create_volume(size=1, name='sdk-one', description='d', metadata={'a': 'b'}, **WAIT)
        equal((made.status, made.size, made.metadata), ('available', 1, {'a': 'b'}))
        cloud.write(made.id, OLD)
    with step('list_volumes, search_volumes, get_volume, get_volume_by_id, volume_exists'):
        assert made.id in [volume.id for volume in sdk.list_volumes(cache=False)]
        equal([volume.id for volume in sdk.search_volumes('sdk-one')], [made.id])
        equal(sdk.get_volume('sdk-one').id, made.id)
        equal(sdk.get_volume_by_id(made.id).name, 'sdk-one')
        equal((sdk.volume_exists('sdk-one'), sdk.volume_exists('sdk-nothing')), (True, False))
        equal(sdk.get_volume_id('sdk-one'), made.id)
    # update_volume fails in 0.101 before it sends anything: its proxy has no such method.
    with step('set_volume_bootable'):
        sdk.set_volume_bootable(made.id)
        equal(cloud.get('volume', made.id)['bootable'], 'true')
    with step('block_storage: extend, metadata, read-only'):
        sdk.block_storage.extend_volume(made.id, 2)
        equal(cloud.wait('volume', made.id)['size'], 2)
        sdk.block_storage.set_volume_metadata(made.id, c='d')
        equal(cloud.get('volume', made.id)['metadata']['c'], 'd')
        sdk.block_storage.set_volume_readonly(made.id, True)
        equal(cloud.get('volume', made.id)['metadata']['readonly'], 'True')
        sdk.block_storage.set_volume_readonly(made.id, False)
        cloud.has(f'volumes/{made.id}', OLD)
    return made.id


def snapshots(cloud, sdk, volume):
    with step('create_volume_snapshot has the bytes'):
        snapshot = sdk.create_volume_snapshot(volume, name='sdk-snap', force=True, **WAIT)
        cloud.write(volume, NEW)
        cloud.has(f'snapshots/{snapshot.id}', OLD)
    with step('list_volume_snapshots, search_volume_snapshots, get_volume_snapshot'):
        assert snapshot.id in [each.id for each in sdk.list_volume_snapshots()]
        equal([each.id for each in sdk.search_volume_snapshots('sdk-snap')], [snapshot.id])
        equal(sdk.get_volume_snapshot('sdk-snap').volume_id, volume)
        equal(sdk.get_volume_snapshot_by_id(snapshot.id).name, 'sdk-snap')
    with step('create_volume from a snapshot has the bytes'):
        clone = sdk.create_volume(size=2, name='sdk-clone', snapshot_id=snapshot.id, **WAIT)
        cloud.has(f'volumes/{clone.id}', OLD)
    with step('revert_volume_to_snapshot'):
        sdk.block_storage.revert_volume_to_snapshot(volume, snapshot.id)
        cloud.wait('snapshot', snapshot.id)
        cloud.wait('volume', volume)
        cloud.has(f'volumes/{volume}', OLD)
    with step('delete_volume_snapshot, delete_volume'):
        equal(sdk.delete_volume_snapshot(snapshot.id, **WAIT), True)
        equal(sdk.delete_volume_snapshot('sdk-nothing'), False)
        equal(sdk.delete_volume(clone.id, **WAIT), True)
        equal((cloud.get('snapshot', snapshot.id), cloud.get('volume', clone.id)), (None, None))


def backups(cloud, sdk, volume):
    with step('create_volume_backup has the bytes'):
        full = sdk.create_volume_backup(volume, name='sdk-full', description='d', **WAIT)
        cloud.has(f'backups/{full.id}', OLD)
    with step('create_volume_backup, incremental'):
        cloud.write(volume, NEW)
        more = sdk.create_volume_backup(volume, name='sdk-more', incremental=True, **WAIT)
        equal(cloud.get('backup', more.id)['is_incremental'], True)
        cloud.has(f'backups/{more.id}', NEW)
    with step('list_volume_backups, search_volume_backups, get_volume_backup'):
        assert {full.id, more.id} <= {each.id for each in sdk.list_volume_backups()}
        equal([each.id for each in sdk.search_volume_backups('sdk-full')], [full.id])
        equal(sdk.get_volume_backup('sdk-more').volume_id, volume)
    with step('restore_backup onto the volume'):
        sdk.block_storage.restore_backup(full.id, volume)
        cloud.wait('backup', full.id)
        cloud.wait('volume', volume)
        cloud.has(f'volumes/{volume}', OLD)
    with step('delete_volume_backup'):
        for backup in (more, full):
            equal(sdk.delete_volume_backup(backup.id, **WAIT), True)
            equal(cloud.get('backup', backup.id), None)


def servers(cloud, sdk):
    with step('attach_volume, detach_volume'):
        volume = sdk.create_volume(size=1, name='sdk-attached', **WAIT)
        root = sdk.create_volume(size=40, name='sdk-root', **WAIT)
        body = {'server': {'name': 'sdk-server', 'root_volume': {'id': root.id}}}
        server = sdk.compute.get_server(cloud.ask('POST', '/ecs/v1/{p}/cloudservers', body)['serverIds'][0])
        sdk.attach_volume(server, sdk.get_volume(volume.id), device='/dev/vdb', **WAIT)
        equal(cloud.get('volume', volume.id)['attachments'][0]['server_id'], server.id)
        sdk.detach_volume(server, sdk.get_volume(volume.id), **WAIT)
        equal(cloud.get('volume', volume.id)['attachments'], [])
    with step('server and disks are gone'):
        cloud.ask('DELETE', f'/ecs/v1/{{p}}/cloudservers/{server.id}')
        for each in (volume, root):
            equal(sdk.delete_volume(each.id, **WAIT), True)


def types(project, sdk, admin):
    with step('block_storage: types and their specs'):
        made = admin.block_storage.create_type(name='sdk-type', is_public=False, extra_specs={'a': 'b'})
        admin.block_storage.update_type_extra_specs(made, c='d')
        equal(admin.block_storage.get_type(made.id).extra_specs, {'a': 'b', 'c': 'd'})
        admin.block_storage.delete_type_extra_specs(made, ['a'])
    # The cloud layer looks for the type in a list that has no private ones, as in Cinder: the layer below takes the id.
    with step('add_type_access, get_type_access, remove_type_access'):
        assert 'sdk-type' not in [each.name for each in sdk.list_volume_types()]
        admin.block_storage.add_type_access(made.id, project)
        equal([each['project_id'] for each in admin.block_storage.get_type_access(made.id)], [project])
        assert 'sdk-type' in [each.name for each in sdk.list_volume_types()]
        admin.block_storage.remove_type_access(made.id, project)
        assert 'sdk-type' not in [each.name for each in sdk.list_volume_types()]
    with step('search_volume_types, get_volume_type, delete_type'):
        equal([each.name for each in sdk.search_volume_types('SSD')], ['SSD'])
        equal(sdk.get_volume_type('SSD').name, 'SSD')
        admin.block_storage.delete_type(made.id)
        equal(admin.block_storage.find_type('sdk-type'), None)


def quotas(project, sdk, admin):
    with step('set_volume_quotas: the limit holds'):
        admin.set_volume_quotas(project, volumes=len(sdk.list_volumes(cache=False)))
        try:
            sdk.create_volume(size=1, name='sdk-too-many')
        except openstack.exceptions.SDKException as error:
            assert 'exceeded' in str(error), error
        else:
            raise AssertionError('a volume beyond the quota was made')
    with step('get_volume_quotas, delete_volume_quotas, get_volume_limits'):
        limit = admin.get_volume_quotas(project)['volumes']
        admin.delete_volume_quotas(project)
        assert admin.get_volume_quotas(project)['volumes'] > limit
        assert sdk.get_volume_limits()['absolute']['maxTotalVolumes'] > limit
    with step('availability zones'):
        assert 'eu-de-01' in [zone.name for zone in sdk.block_storage.availability_zones()]


def run_all():
    url = arguments()
    cloud, admin = Cloud(url), connect(Cloud(url, 'admin'))
    sdk = connect(cloud)
    volume = volumes(cloud, sdk)
    snapshots(cloud, sdk, volume)
    backups(cloud, sdk, volume)
    servers(cloud, sdk)
    types(cloud.project, sdk, admin)
    quotas(cloud.project, sdk, admin)
    with step('delete_volume'):
        equal(sdk.delete_volume(volume, **WAIT), True)
        equal(cloud.get('volume', volume), None)
    return finish()


raise SystemExit(run_all())
