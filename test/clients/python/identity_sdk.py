"""python openstacksdk (its cloud layer) and python keystoneauth1: projects, users and roles are made, used, changed and
deleted by an administrator; every kind of login is tried."""
import os

import openstack
from harness import equal, step
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

TAG = f'sdk-{os.getpid()}'
REGION = os.environ.get('OS_REGION_NAME', 'eu-de')
IAM = {'service_type': 'identity', 'interface': 'public'}


def refused(status, work):
    """`work` has to be refused with this status; what was said."""
    try:
        work()
    except (exceptions.HttpError, openstack.exceptions.HttpException) as error:
        equal(getattr(error, 'http_status', None) or getattr(error, 'status_code', None), status)
        return str(error)
    raise AssertionError('was not refused')


def connect(url, name, password, project):
    return openstack.connect(
        auth_url=url, username=name, password=password, project_name=project, region_name=REGION,
        user_domain_name='Default', project_domain_id='default', load_yaml_config=False, load_envvars=False)


def projects(admin):
    with step('sdk: list_projects, list_users, list_roles'):
        assert {'admin', 'demo1', 'demo2'} <= {p.name for p in admin.list_projects()} & {u.name for u in admin.list_users()}
        assert {'admin', 'member', 'reader'} <= {r.name for r in admin.list_roles()}
    with step('sdk: create_project, get_project, update_project'):
        project = admin.create_project(TAG, domain_id='default', description='first')
        equal((project.is_enabled, project.parent_id, project.description), (True, 'default', 'first'))
        equal((admin.get_project(TAG).id, admin.get_project(project.id).name), (project.id, TAG))
        equal(admin.get_project(f'{TAG}-nothing'), None)
        equal(admin.update_project(TAG, description='second').description, 'second')
    return project


def users(url, admin, project):
    with step('sdk: create_user'):
        user = admin.create_user(TAG, password='first', default_project=project.id, email='a@b.c', domain_id='default')
        equal((user.email, user.default_project_id, user.is_enabled), ('a@b.c', project.id, True))
        refused(409, lambda: admin.create_user(TAG, password='x', domain_id='default'))
    with step('sdk: grant_role; again it changes nothing'):
        equal(admin.grant_role('member', user=TAG, project=TAG), True)
        equal(admin.grant_role('member', user=TAG, project=TAG), False)
        assignments = admin.list_role_assignments({'user': user.id, 'include_names': True})
        equal([each.scope['project']['name'] for each in assignments], [TAG])
    with step('sdk: the user works in its project'):
        own = connect(url, TAG, 'first', TAG)
        equal((own.current_project_id, own.list_volumes()), (project.id, []))
        equal([each.id for each in own.list_projects()], [project.id])
        refused(403, lambda: own.create_project('other', domain_id='default'))
    with step('sdk: a new password ends the old login'):
        admin.update_user(TAG, password='second', name=f'{TAG}-2')
        refused(401, lambda: own.identity.get('/auth/projects'))
        equal(admin.get_user_by_id(user.id).name, f'{TAG}-2')
        equal(connect(url, f'{TAG}-2', 'second', TAG).list_volumes(), [])
    with step('sdk: revoke_role, in a project and in the domain'):
        equal(admin.revoke_role('member', user=user.id, project=project.id), True)
        equal(admin.revoke_role('member', user=user.id, project=project.id), False)
        equal(admin.grant_role('reader', user=user.id, domain='default'), True)
        equal(admin.revoke_role('reader', user=user.id, domain='default'), True)
    with step('sdk: create_role, get_role, delete_role'):
        equal((admin.create_role(TAG).name, admin.get_role(TAG).id), (TAG, TAG))
        equal((admin.delete_role(TAG), admin.get_role(TAG)), (True, None))
    with step('sdk: delete_user, delete_project'):
        equal((admin.delete_user(user.id), admin.delete_user(user.id)), (True, False))
        equal((admin.delete_project(TAG), admin.delete_project(TAG)), (True, False))


def deployment(admin):
    with step('sdk: domains, regions, services, endpoints'):
        equal([each.id for each in admin.list_domains()], ['default'])
        equal(admin.get_domain(name_or_id='Default').id, 'default')
        equal([each.id for each in admin.identity.regions()], [REGION])
        assert {each.type for each in admin.list_services()} >= {'identity', 'volumev3', 'block-storage', 'cbr'}
        equal(len(admin.search_endpoints(filters={'service_id': 'evs'})), 1)
    with step('sdk: an account of the settings stays, and it says why; there is one domain'):
        assert 'EVS_ACCOUNTS' in refused(403, lambda: admin.update_user('demo1', email='x'))
        refused(501, lambda: admin.create_domain(TAG))


def logins(url):
    def login(**scope):
        """keystoneauth's session with a password; not logged in yet."""
        return session.Session(auth=v3.Password(url, username='admin', password='secret', user_domain_id='default', **scope))

    project = login(project_name='admin', project_domain_name='Default')
    with step('keystoneauth: for a project, with a catalogue'):
        access = project.auth.get_access(project)
        equal((access.username, access.role_names, access.will_expire_soon()), ('admin', ['admin'], False))
        for kind in ('block-storage', 'volumev3', 'volumev2', 'volume'):
            assert project.get_endpoint(service_type=kind).endswith(project.get_project_id()), kind
        for kind in ('identity', 'image', 'compute', 'cbr', 'vbs', 'vbsv2'):
            assert project.get_endpoint(service_type=kind, region_name=REGION) is not None, kind
    with step('keystoneauth: for the domain, for nothing, not for the system'):
        domain = login(domain_name='Default')
        equal(domain.auth.get_access(domain).domain_id, 'default')
        bare = login(unscoped=True)
        equal(bare.auth.get_access(bare).project_scoped, False)
        assert 'role on the system' in refused(401, lambda: login(system_scope='all').get_token())
        refused(401, lambda: login(project_name='demo1', project_domain_id='default').get_token())
    with step('keystoneauth: a token logs in, is shown and revoked'):
        by_token = session.Session(
            auth=v3.Token(url, token=bare.get_token(), project_name='admin', project_domain_id='default'))
        equal(by_token.get_project_id(), project.get_project_id())
        headers = {'X-Subject-Token': by_token.get_token()}
        shown = project.get('/auth/tokens', headers=headers, endpoint_filter=IAM)
        equal(shown.json()['token']['methods'], ['password', 'token'])
        equal(project.delete('/auth/tokens', headers=headers, endpoint_filter=IAM).status_code, 204)
        refused(404, lambda: project.get('/auth/tokens', headers=headers, endpoint_filter=IAM))
    # What a service that runs for long does: its token ended, it logs in again and goes on.
    with step('keystoneauth: a session whose token ended logs in again'):
        own = project.get_token()
        project.delete('/auth/tokens', headers={'X-Subject-Token': own}, endpoint_filter=IAM)
        equal(project.get('/auth/projects', endpoint_filter=IAM).status_code, 200)
        assert project.get_token() != own


def run(url):
    admin = connect(f'{url}/iam/v3', 'admin', 'secret', 'admin')
    users(f'{url}/iam/v3', admin, projects(admin))
    deployment(admin)
    logins(f'{url}/iam/v3')
