"""The identity commands of the openstack command line: an administrator makes a project and a user, who logs in, and whose
token ends with the role, the password, the project. Every step looks at the effect."""
import os

from harness import equal, refused, run_main, step, words
from openstackclient.shell import main

REGION = os.environ.get('OS_REGION_NAME', 'eu-de')
TEAM, USER, ROLE = (f'cli-{kind}-{os.getpid()}' for kind in ('team', 'user', 'role'))


class OpenStack:
    """Runs `openstack` with these flags."""

    def __init__(self, url, *flags):
        self.flags = [f'--os-auth-url={url}/iam/v3', '--os-identity-api-version=3', '--os-volume-api-version=3', *flags]

    def run(self, line):
        return run_main(main, [*self.flags, *words(line)])

    def do(self, line):
        """Output of a command that has to succeed."""
        return self.run(line).good().out

    def value(self, line, column):
        """One column of all rows, or of the record."""
        return self.do([*words(line), '-f', 'value', '-c', column]).split('\n')[:-1]


def as_user(url, name, password, project):
    domains = ('--os-user-domain-name=Default', '--os-project-domain-name=Default')
    return OpenStack(url, f'--os-username={name}', f'--os-password={password}', f'--os-project-name={project}', *domains)


def as_token(url, token, project):
    scope = (f'--os-project-name={project}', '--os-project-domain-name=Default')
    return OpenStack(url, '--os-auth-type=token', f'--os-token={token}', *scope)


def catalogue(url, admin):
    with step('token issue'):
        admin.do('token issue')
    with step('catalog list, catalog show'):
        assert 'block-storage' in admin.value('catalog list', 'Type')
        admin.do('catalog show volumev3')
    with step('domain list, domain show'):
        equal(admin.value('domain list', 'Name'), ['Default'])
        equal(admin.value('domain show Default', 'id'), ['default'])
    with step('region list, region show'):
        equal(admin.value('region list', 'Region'), [REGION])
        equal(admin.value(f'region show {REGION}', 'region'), [REGION])
    with step('service list, service show'):
        assert 'volumev3' in admin.value('service list', 'Type')
        equal(admin.value('service show cbr', 'type'), ['cbr'])
    with step('endpoint list, endpoint show'):
        equal(admin.value('endpoint list --service cbr', 'URL'), [f'{url}/cbr/v3/$(project_id)s'])
        equal(admin.value('endpoint show evs-public', 'interface'), ['public'])


def projects(admin):
    with step('project create'):
        admin.do(f'project create --description first --tag blue --property colour=red {TEAM}')
        equal(admin.value(f'project show {TEAM}', 'description'), ['first'])
        equal(admin.value(f'project show {TEAM}', 'colour'), ['red'])
    with step('project create: twice, and --or-show'):
        refused(admin.run(f'project create {TEAM}'), 'HTTP 409')
        equal(admin.value(f'project create --or-show {TEAM}', 'id'), admin.value(f'project show {TEAM}', 'id'))
    with step('project list, by tag too'):
        assert TEAM in admin.value('project list', 'Name')
        equal(admin.value('project list --tags blue', 'Name'), [TEAM])
    with step('project set'):
        admin.do(f'project set --description second --property colour=green {TEAM}')
        equal(admin.value(f'project show {TEAM}', 'description'), ['second'])
        equal(admin.value(f'project show {TEAM}', 'colour'), ['green'])


def users(url, admin):
    with step('user create'):
        admin.do(f'user create --project {TEAM} --password first --email a@b.c {USER}')
        equal(admin.value(f'user show {USER}', 'email'), ['a@b.c'])
        assert USER in admin.value('user list', 'Name')
        refused(admin.run(f'user create {USER}'), 'HTTP 409')
    with step('a user without a role is not let in'):
        refused(as_user(url, USER, 'first', TEAM).run('token issue'), 'HTTP 401')
    with step('role create, role show, role list'):
        admin.do(f'role create {ROLE}')
        equal(admin.value(f'role show {ROLE}', 'name'), [ROLE])
        assert ROLE in admin.value('role list', 'Name')
    with step('role add'):
        admin.do(f'role add --project {TEAM} --user {USER} member')
        assigned = f'role assignment list --project {TEAM} --role member --names'
        equal(admin.value(assigned, 'User'), [f'{USER}@Default'])
        equal(admin.value(f'user list --project {TEAM}', 'Name'), [USER])
        equal(admin.value(f'project list --user {USER}', 'Name'), [TEAM])


def logins(url, admin):
    with step('the user works in its project'):
        user = as_user(url, USER, 'first', TEAM)
        equal(user.value('token issue', 'project_id'), admin.value(f'project show {TEAM}', 'id'))
        equal(user.value('project list', 'Name'), [TEAM])
        equal(user.value('volume list', 'ID'), [])
        refused(user.run('project create other'), 'HTTP 403')
    with step('user set --password'):
        admin.do(f'user set --password second {USER}')
        refused(user.run('token issue'), 'HTTP 401')
    with step('user password set'):
        second = as_user(url, USER, 'second', TEAM)
        second.do('user password set --original-password second --password third')
        refused(second.run('token issue'), 'HTTP 401')
        as_user(url, USER, 'third', TEAM).do('token issue')


def ends(url, admin):
    user = as_user(url, USER, 'third', TEAM)
    with step('a token logs in, until it is revoked'):
        [token] = user.value('token issue', 'id')
        as_token(url, token, TEAM).do('token issue')
        user.do(f'token revoke {token}')
        refused(as_token(url, token, TEAM).run('token issue'), 'HTTP 401')
    with step('role remove ends tokens and logins'):
        [token] = user.value('token issue', 'id')
        admin.do(f'role remove --project {TEAM} --user {USER} member')
        refused(as_token(url, token, TEAM).run('token issue'), 'HTTP 401')
        refused(user.run('token issue'), 'HTTP 401')
        admin.do(f'role add --project {TEAM} --user {USER} {ROLE}')
    for kind, name in (('user', USER), ('project', TEAM)):
        with step(f'{kind} set --disable, --enable'):
            admin.do(f'{kind} set --disable {name}')
            refused(user.run('token issue'), 'HTTP 401')
            admin.do(f'{kind} set --enable {name}')
            user.do('token issue')
    with step('accounts of the settings stay'):
        refused(admin.run('user delete demo1'), 'EVS_ACCOUNTS')
        refused(admin.run('project set --disable demo1'), 'EVS_ACCOUNTS')
    with step('there is no system scope'):
        flags = ('--os-username=admin', '--os-password=secret', '--os-user-domain-name=Default')
        refused(OpenStack(url, *flags, '--os-system-scope=all').run('token issue'), 'role on the system')
    with step('role delete: nobody has it'):
        admin.do(f'role delete {ROLE}')
        refused(user.run('token issue'), 'HTTP 401')
    with step('user delete, project delete'):
        admin.do(f'user delete {USER}')
        refused(admin.run(f'user show {USER}'), 'No user')
        admin.do(f'project delete {TEAM}')
        refused(admin.run(f'project show {TEAM}'), 'No project')


def run(url):
    admin = as_user(url, 'admin', 'secret', 'admin')
    try:
        catalogue(url, admin)
        projects(admin)
        users(url, admin)
        logins(url, admin)
        ends(url, admin)
    finally:
        # Whatever a broken run leaves behind.
        for line in (f'user delete {USER}', f'project delete {TEAM}', f'role delete {ROLE}'):
            admin.run(line)
