#!/usr/bin/env python3
"""Debian's python3-openstacksdk (its cloud layer) and python3-keystoneauth1 against a running server with the demo accounts:

    /usr/bin/python3 test/clients/identity.py http://127.0.0.1:8787

Projects, users and roles are made, used, changed and deleted by an administrator; every kind of login is tried. Stops at the
first thing that is not as it should be; prints "N passed, 0 failed" when nothing is.
"""
import os
import sys
import warnings

warnings.simplefilter('ignore')

import openstack  # noqa: E402
from keystoneauth1 import exceptions, session  # noqa: E402
from keystoneauth1.identity import v3  # noqa: E402

URL = sys.argv[1].rstrip('/') + '/iam/v3'
TAG = f'sdk-{os.getpid()}'
REGION = os.environ.get('OS_REGION_NAME', 'eu-de')
passed = 0


def ok(what, holds=True):
    """One thing that has to hold."""
    global passed
    if not holds:
        raise SystemExit(f'FAILED  {what}')
    passed += 1
    print(f'ok      {what}')


def refused(what, status, work):
    """`work` has to be refused with this status."""
    try:
        work()
    except (exceptions.HttpError, openstack.exceptions.HttpException) as error:
        got = getattr(error, 'http_status', None) or getattr(error, 'status_code', None)
        ok(f'{what}: {status}', got == status)
        return str(error)
    raise SystemExit(f'FAILED  {what}: was not refused')


def connect(name, password, project):
    return openstack.connect(
        auth_url=URL, username=name, password=password, project_name=project, region_name=REGION,
        user_domain_name='Default', project_domain_id='default', load_yaml_config=False, load_envvars=False)


def login(**scope):
    """keystoneauth's session with a password; not logged in yet."""
    password = v3.Password(URL, username='admin', password='secret', user_domain_id='default', **scope)
    return session.Session(auth=password)


def cloud_layer():
    admin = connect('admin', 'secret', 'admin')
    ok('projects, users and roles are listed',
       {'admin', 'demo1', 'demo2'} <= {p.name for p in admin.list_projects()} & {u.name for u in admin.list_users()}
       and {'admin', 'member', 'reader'} <= {r.name for r in admin.list_roles()})

    project = admin.create_project(TAG, domain_id='default', description='first')
    ok('create_project', project.is_enabled and project.parent_id == 'default' and project.description == 'first')
    ok('get_project', admin.get_project(TAG).id == project.id and admin.get_project(project.id).name == TAG)
    ok('get_project: nothing', admin.get_project(f'{TAG}-nothing') is None)
    ok('update_project', admin.update_project(TAG, description='second').description == 'second')

    user = admin.create_user(TAG, password='first', default_project=project.id, email='a@b.c', domain_id='default')
    ok('create_user', user.email == 'a@b.c' and user.default_project_id == project.id and user.is_enabled)
    refused('create_user twice', 409, lambda: admin.create_user(TAG, password='x', domain_id='default'))
    ok('grant_role', admin.grant_role('member', user=TAG, project=TAG) is True)
    ok('grant_role again changes nothing', admin.grant_role('member', user=TAG, project=TAG) is False)
    assignments = admin.list_role_assignments({'user': user.id, 'include_names': True})
    ok('list_role_assignments', [a.scope['project']['name'] for a in assignments] == [TAG])

    own = connect(TAG, 'first', TAG)
    ok('the user works in its project', own.current_project_id == project.id and own.list_volumes() == [])
    ok('the user sees its project', [p.id for p in own.list_projects()] == [project.id])
    refused('the user makes no project', 403, lambda: own.create_project('other', domain_id='default'))
    admin.update_user(TAG, password='second', name=f'{TAG}-2')
    refused('a new password ends the old login', 401, lambda: own.identity.get('/auth/projects'))
    ok('get_user_by_id', admin.get_user_by_id(user.id).name == f'{TAG}-2')
    ok('the new password is good', connect(f'{TAG}-2', 'second', TAG).list_volumes() == [])

    ok('revoke_role', admin.revoke_role('member', user=user.id, project=project.id) is True)
    ok('revoke_role again', admin.revoke_role('member', user=user.id, project=project.id) is False)
    ok('a role in the domain', admin.grant_role('reader', user=user.id, domain='default') is True
       and admin.revoke_role('reader', user=user.id, domain='default') is True)
    ok('create_role, get_role, delete_role', admin.create_role(TAG).name == TAG and admin.get_role(TAG).id == TAG
       and admin.delete_role(TAG) is True and admin.get_role(TAG) is None)
    ok('delete_user', admin.delete_user(user.id) is True and admin.delete_user(user.id) is False)
    ok('delete_project', admin.delete_project(TAG) is True and admin.delete_project(TAG) is False)

    ok('domains, regions', [d.id for d in admin.list_domains()] == ['default']
       and admin.get_domain(name_or_id='Default').id == 'default' and [r.id for r in admin.identity.regions()] == [REGION])
    ok('services, endpoints', {s.type for s in admin.list_services()} >= {'identity', 'volumev3', 'block-storage', 'cbr'}
       and len(admin.search_endpoints(filters={'service_id': 'evs'})) == 1)
    words = refused('an account of the settings stays', 403, lambda: admin.update_user('demo1', email='x'))
    ok('it says why', 'EVS_ACCOUNTS' in words)
    refused('another domain', 501, lambda: admin.create_domain(TAG))


def logins():
    project = login(project_name='admin', project_domain_name='Default')
    ok('for a project', project.get_project_id() is not None)
    for kind in ['block-storage', 'volumev3', 'volumev2', 'volume']:
        ok(f'finds {kind}', project.get_endpoint(service_type=kind).endswith(project.get_project_id()))
    for kind in ['identity', 'image', 'compute', 'cbr', 'vbs', 'vbsv2']:
        ok(f'finds {kind}', project.get_endpoint(service_type=kind, region_name=REGION) is not None)
    access = project.auth.get_access(project)
    ok('knows the user', access.username == 'admin' and access.role_names == ['admin'] and not access.will_expire_soon())
    ok('for the domain', login(domain_name='Default').auth.get_access(login()).domain_id == 'default')
    bare = login(unscoped=True)
    ok('for nothing', not bare.auth.get_access(bare).project_scoped)
    words = refused('for the system', 401, lambda: login(system_scope='all').get_token())
    ok('it says why', 'role on the system' in words)
    refused('for a project without a role', 401, lambda: login(project_name='demo1', project_domain_id='default').get_token())

    token = v3.Token(URL, token=bare.get_token(), project_name='admin', project_domain_id='default')
    by_token = session.Session(auth=token)
    ok('by a token', by_token.get_project_id() == project.get_project_id())
    headers = {'X-Subject-Token': by_token.get_token()}
    iam = {'service_type': 'identity', 'interface': 'public'}
    shown = project.get('/auth/tokens', headers=headers, endpoint_filter=iam)
    ok('a token is shown', shown.json()['token']['methods'] == ['password', 'token'])
    ok('a token is revoked', project.delete('/auth/tokens', headers=headers, endpoint_filter=iam).status_code == 204)
    refused('a revoked token is gone', 404, lambda: project.get('/auth/tokens', headers=headers, endpoint_filter=iam))

    # What a service that runs for long does: its token ended, it logs in again and goes on.
    own = project.get_token()
    project.delete('/auth/tokens', headers={'X-Subject-Token': own}, endpoint_filter=iam)
    ok('a session logs in again', project.get('/auth/projects', endpoint_filter=iam).status_code == 200
       and project.get_token() != own)


cloud_layer()
logins()
print(f'{passed} passed, 0 failed')
