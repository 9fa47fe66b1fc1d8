// Projects, users, roles: what an administrator makes, changes and deletes, and what others may see of it.

import { beforeAll, describe, expect, test } from 'vitest';
import { ask, DEMO1, type Json, login, newTenant, rootToken, send, tokenOf, uniqueName } from './iam-bench.ts';

let root: string;
let member: string;

beforeAll(async () => {
  root = await rootToken();
  member = await tokenOf(DEMO1, { name: 'demo1' });
});

const names = (list: { name: string }[]) => list.map(({ name }) => name);

describe('projects', () => {
  test('are made, shown, changed and deleted', async () => {
    const name = uniqueName('project');
    const input = { name, description: 'd', tags: ['blue'], colour: 'red', is_domain: false, options: {} };
    const { project } = await ask(201, 'POST', '/projects', root, { project: input });
    expect(project).toEqual({
      ...input,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      domain_id: 'default',
      parent_id: 'default',
      enabled: true,
      links: { self: `http://edge.test/iam/v3/projects/${project.id}` },
    });
    expect((await ask(200, 'GET', `/projects/${project.id}`, root)).project).toEqual(project);
    const change = { name: `${name}-2`, description: null, enabled: false, tags: [], colour: null, size: 7 };
    const changed = (await ask(200, 'PATCH', `/projects/${project.id}`, root, { project: change })).project;
    const { colour: _gone, ...kept } = project;
    expect(changed).toEqual({ ...kept, name: `${name}-2`, description: '', enabled: false, tags: [], size: 7 });
    // What a client read it may send back.
    expect((await ask(200, 'PATCH', `/projects/${project.id}`, root, { project: changed })).project).toEqual(changed);
    await ask(204, 'DELETE', `/projects/${project.id}`, root);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const words = await ask(
        404,
        method,
        `/projects/${project.id}`,
        root,
        method === 'PATCH' ? { project: {} } : undefined,
      );
      expect(words).toBe(`Could not find project: ${project.id}.`);
    }
  });

  test('are listed whole, or by name, domain, parent, state and tags', async () => {
    const tag = uniqueName('tag');
    const one = (await ask(201, 'POST', '/projects', root, { project: { name: uniqueName('p'), tags: [tag, 'x'] } }))
      .project;
    const two = (await ask(201, 'POST', '/projects', root, { project: { name: uniqueName('p'), tags: [tag] } }))
      .project;
    await ask(200, 'PATCH', `/projects/${two.id}`, root, { project: { enabled: false } });
    const list = async (query: string) => names((await ask(200, 'GET', `/projects?${query}`, root)).projects);
    expect(await list('')).toEqual(expect.arrayContaining(['demo1', 'demo2', one.name, two.name]));
    expect(await list(`name=${one.name}`)).toEqual([one.name]);
    expect(await list(`tags=${tag}`)).toEqual([one.name, two.name]);
    expect(await list(`tags=${tag},x`)).toEqual([one.name]);
    expect(await list(`tags-any=x,${tag}&not-tags=x`)).toEqual([two.name]);
    expect(await list(`tags=${tag}&not-tags-any=x,y`)).toEqual([two.name]);
    expect(await list(`tags=${tag}&enabled=True`)).toEqual([one.name]);
    expect(await list(`tags=${tag}&enabled`)).toEqual([one.name]);
    for (const no of ['0', 'False', 'no']) expect(await list(`tags=${tag}&enabled=${no}`)).toEqual([two.name]);
    expect(await list(`tags=${tag}&domain_id=default&parent_id=default`)).toHaveLength(2);
    for (const nobody of ['name=', 'name=NOBODY', 'domain_id=other', 'parent_id=other', 'is_domain=true']) {
      expect(await list(`${nobody}&tags=${tag}`)).toEqual([]);
    }
    const { links } = await ask(200, 'GET', '/projects', root);
    expect(links).toEqual({ self: 'http://edge.test/iam/v3/projects', previous: null, next: null });
  });

  test.each([
    [{ name: '' }, 400, /name/],
    [{ name: ' ' }, 400, /blank/],
    [{ name: 'x'.repeat(65) }, 400, /name/],
    [{ name: null }, 400, /name/],
    [{}, 400, /name/],
    [{ name: 'n', enabled: 'yes' }, 400, /enabled/],
    [{ name: 'n', tags: ['a,b'] }, 400, /tags/],
    [{ name: 'n', is_domain: true }, 400, /domain/],
    [{ name: 'n', options: { immutable: true } }, 400, /options/],
    [{ name: 'n', parent_id: 'project-1' }, 400, /not nested/],
    [{ name: 'n', domain_id: 'other' }, 404, /Could not find domain: other/],
    [{ name: 'n', own: { deep: 1 } }, 400, /own/],
    [
      {
        name: 'n',
        a: 'x'.repeat(1000),
        b: 'x'.repeat(1000),
        c: 'x'.repeat(1000),
        d: 'x'.repeat(1000),
        e: 'x'.repeat(1000),
      },
      400,
      /longer/,
    ],
    [{ name: 'demo2' }, 409, /already a project with the name demo2/],
  ])('%j is refused with %i', async (project, status, words) => {
    expect(await ask(status, 'POST', '/projects', root, { project })).toMatch(words);
  });

  test('cannot take the name of another', async () => {
    const { project } = await newTenant(root);
    const rename = (name: string) => ({ project: { name } });
    expect(await ask(409, 'PATCH', `/projects/${project.id}`, root, rename('demo1'))).toMatch(/already a project/);
    await ask(200, 'PATCH', `/projects/${project.id}`, root, rename(project.name));
  });
});

describe('users', () => {
  test('are made, shown, changed and deleted; a password is never shown', async () => {
    const name = uniqueName('user');
    const input = { name, email: 'a@b.c', description: 'd' };
    const { user } = await ask(201, 'POST', '/users', root, { user: { ...input, password: 'first', options: {} } });
    expect(user).toEqual({
      ...input,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      domain_id: 'default',
      enabled: true,
      options: {},
      password_expires_at: null,
      links: { self: `http://edge.test/iam/v3/users/${user.id}` },
    });
    expect((await login({ name, password: 'first' })).status).toBe(201);
    const change = { name: `${name}-2`, password: 'second', email: null, default_project_id: 'project-1' };
    const changed = (await ask(200, 'PATCH', `/users/${user.id}`, root, { user: change })).user;
    const { email: _gone, ...kept } = user;
    expect(changed).toEqual({ ...kept, name: `${name}-2`, default_project_id: 'project-1' });
    expect((await login({ name: `${name}-2`, password: 'first' })).status).toBe(401);
    expect((await login({ name: `${name}-2`, password: 'second' })).status).toBe(201);
    expect((await ask(200, 'PATCH', `/users/${user.id}`, root, { user: changed })).user).toEqual(changed);
    expect((await ask(200, 'GET', `/users?name=${name}-2`, root)).users).toEqual([changed]);
    expect(JSON.stringify(await ask(200, 'GET', '/users', root))).not.toMatch(/password":|pbkdf2|passwordI/);
    await ask(204, 'DELETE', `/users/${user.id}`, root);
    expect(await ask(404, 'GET', `/users/${user.id}`, root)).toBe(`Could not find user: ${user.id}.`);
    await ask(404, 'DELETE', `/users/${user.id}`, root);
    expect((await login({ name: `${name}-2`, password: 'second' })).status).toBe(401);
  });

  test('without a password cannot log in by one, also not by an empty one', async () => {
    const name = uniqueName('user');
    const { user } = await ask(201, 'POST', '/users', root, { user: { name, password: null } });
    for (const password of ['', 'null', 'undefined']) expect((await login({ name, password })).status).toBe(401);
    await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { password: 'p' } });
    expect((await login({ name, password: 'p' })).status).toBe(201);
    await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { password: null } });
    expect((await login({ name, password: 'p' })).status).toBe(401);
  });

  test('are listed by name, domain and state', async () => {
    const { user } = await newTenant(root);
    await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { enabled: false } });
    const list = async (query: string) => names((await ask(200, 'GET', `/users?${query}`, root)).users);
    expect(await list('enabled=true')).toEqual(expect.arrayContaining(['demo1', 'demo2', 'root']));
    expect(await list('enabled=true')).not.toContain(user.name);
    expect(await list('enabled=false')).toContain(user.name);
    expect(await list(`name=${user.name}&domain_id=default`)).toEqual([user.name]);
    expect(await list(`name=${user.name}&domain_id=other`)).toEqual([]);
  });

  test('change their own password, and nobody else’s', async () => {
    const { user, token } = await newTenant(root);
    const body = (from: string, to: string) => ({ user: { original_password: from, password: to } });
    const path = `/users/${user.id}/password`;
    await ask(401, 'POST', path, token, body('wrong', 'second'));
    await ask(403, 'POST', path, root, body('first', 'second'));
    await ask(400, 'POST', path, token, body('first', ''));
    await ask(204, 'POST', path, token, body('first', 'second'));
    expect((await send('GET', '/auth/projects', token)).status).toBe(401);
    expect((await login({ ...user, password: 'first' })).status).toBe(401);
    expect((await login({ ...user, password: 'second' })).status).toBe(201);
  });
});

describe('roles', () => {
  test('are the built-in ones and those that were made', async () => {
    const name = uniqueName('role');
    const { role } = await ask(201, 'POST', '/roles', root, { role: { name } });
    expect(role).toMatchObject({ id: name, name, domain_id: null, description: null, options: {} });
    expect(names((await ask(200, 'GET', '/roles', root)).roles)).toEqual(
      expect.arrayContaining(['admin', 'member', 'reader', name]),
    );
    expect(names((await ask(200, 'GET', `/roles?name=${name}`, root)).roles)).toEqual([name]);
    expect((await ask(200, 'GET', `/roles/${name}`, root)).role).toEqual(role);
    expect(await ask(409, 'POST', '/roles', root, { role: { name: 'member' } })).toMatch(/already a role/);
    await ask(400, 'POST', '/roles', root, { role: { name: 'a/b' } });
    await ask(204, 'DELETE', `/roles/${name}`, root);
    await ask(404, 'GET', `/roles/${name}`, root);
    expect(await ask(403, 'DELETE', '/roles/member', root)).toMatch(/EVS_ACCOUNTS/);
  });

  test.each(['projects', 'domains'])('are given and taken in %s', async (kind) => {
    const { user, project } = await newTenant(root);
    const place = kind === 'projects' ? project.id : 'default';
    const path = `/${kind}/${place}/users/${user.id}/roles`;
    expect((await send('HEAD', `${path}/reader`, root)).status).toBe(404);
    await ask(404, 'DELETE', `${path}/reader`, root);
    await ask(204, 'PUT', `${path}/reader`, root);
    await ask(204, 'PUT', `${path}/reader`, root);
    await ask(204, 'GET', `${path}/reader`, root);
    expect((await send('HEAD', `${path}/reader`, root)).status).toBe(204);
    expect(names((await ask(200, 'GET', path, root)).roles)).toContain('reader');
    await ask(204, 'DELETE', `${path}/reader`, root);
    expect((await send('HEAD', `${path}/reader`, root)).status).toBe(404);
    await ask(404, 'PUT', `/${kind}/nowhere/users/${user.id}/roles/reader`, root);
    await ask(404, 'PUT', `/${kind}/${place}/users/nobody/roles/reader`, root);
    await ask(404, 'PUT', `${path}/nothing`, root);
  });

  test('who has which of them where is listed, with names when asked for', async () => {
    const { user, project } = await newTenant(root);
    const list = async (query: string) => (await ask(200, 'GET', `/role_assignments?${query}`, root)).role_assignments;
    const path = `/projects/${project.id}/users/${user.id}/roles/member`;
    const plain = {
      role: { id: 'member' },
      user: { id: user.id },
      scope: { project: { id: project.id } },
      links: { assignment: `http://edge.test/iam/v3${path}` },
    };
    expect(await list(`user.id=${user.id}`)).toEqual([plain]);
    expect(await list(`scope.project.id=${project.id}&role.id=member&effective&include_names=0`)).toEqual([plain]);
    const domain = { id: 'default', name: 'Default' };
    expect(await list(`user.id=${user.id}&include_names=True`)).toEqual([
      {
        ...plain,
        role: { id: 'member', name: 'member' },
        user: { id: user.id, name: user.name, domain },
        scope: { project: { id: project.id, name: project.name, domain } },
      },
    ]);
    await ask(204, 'PUT', `/domains/default/users/${user.id}/roles/reader`, root);
    expect(await list(`user.id=${user.id}&scope.domain.id=default&include_names`)).toMatchObject([
      { scope: { domain }, role: { name: 'reader' } },
    ]);
    for (const none of ['role.id=admin', 'scope.project.id=project-1', 'group.id=g', 'scope.system=all']) {
      expect(await list(`user.id=${user.id}&${none}`)).toEqual([]);
    }
    await ask(204, 'DELETE', `/users/${user.id}`, root);
    expect(await list(`scope.project.id=${project.id}`)).toEqual([]);
  });
});

describe('the accounts of the settings', () => {
  test.each([
    ['PATCH', '/users/user-1', { user: { enabled: false } }],
    ['PATCH', '/users/user-1', { user: { password: 'x' } }],
    ['DELETE', '/users/user-1', undefined],
    ['PATCH', '/projects/project-1', { project: { description: 'x' } }],
    ['DELETE', '/projects/project-1', undefined],
    ['DELETE', '/projects/project-1/users/user-1/roles/member', undefined],
  ])('are not to be changed: %s %s', async (method, path, body) => {
    expect(await ask(403, method, path, root, body)).toMatch(/comes from the settings .* \(EVS_ACCOUNTS\)/);
    await ask(200, 'GET', '/auth/projects', member);
  });

  test('get roles elsewhere, and lose them again', async () => {
    const { project } = await newTenant(root);
    const path = `/projects/${project.id}/users/user-1/roles/member`;
    await ask(204, 'PUT', path, root);
    const token = await tokenOf(DEMO1, { id: project.id });
    await ask(204, 'DELETE', path, root);
    expect((await send('GET', '/auth/projects', token)).status).toBe(401);
    await ask(200, 'GET', '/auth/projects', member);
  });

  test('change their own password nowhere but there', async () => {
    const body = { user: { original_password: 'secret', password: 'other' } };
    expect(await ask(403, 'POST', '/users/user-1/password', member, body)).toMatch(/EVS_ACCOUNTS/);
  });
});

describe('without the role admin', () => {
  test.each([
    ['GET', '/users'],
    ['GET', '/users/user-2'],
    ['GET', '/users/user-2/projects'],
    ['GET', '/users/nobody'],
    ['POST', '/users', { user: { name: 'n' } }],
    ['PATCH', '/users/user-1', { user: { name: 'n' } }],
    ['DELETE', '/users/user-1'],
    ['POST', '/projects', { project: { name: 'n' } }],
    ['PATCH', '/projects/project-1', { project: { name: 'n' } }],
    ['DELETE', '/projects/project-1'],
    ['GET', '/roles'],
    ['GET', '/roles/member'],
    ['POST', '/roles', { role: { name: 'n' } }],
    ['DELETE', '/roles/member'],
    ['GET', '/role_assignments'],
    ['GET', '/projects/project-1/users/user-1/roles'],
    ['GET', '/projects/project-1/users/user-1/roles/member'],
    ['PUT', '/projects/project-1/users/user-1/roles/admin'],
    ['PUT', '/domains/default/users/user-1/roles/admin'],
    ['DELETE', '/projects/project-1/users/user-1/roles/member'],
    ['GET', '/services'],
    ['GET', '/endpoints/evs-public'],
  ])('%s %s is 403', async (method, path, body?: Json) => {
    expect(await ask(403, method, path, member, body)).toMatch(/perform the requested action: identity:\w+/);
    const unscoped = await tokenOf({ name: 'root', password: 'hidden' });
    await ask(403, method, path, unscoped, body);
  });

  test('one sees oneself, and the projects that one has a role in', async () => {
    expect((await ask(200, 'GET', '/users/user-1', member)).user.name).toBe('demo1');
    for (const path of ['/projects', '/auth/projects', '/users/user-1/projects']) {
      expect(names((await ask(200, 'GET', path, member)).projects), path).toEqual(['demo1']);
    }
    expect((await ask(200, 'GET', '/projects/project-1', member)).project.name).toBe('demo1');
    await ask(404, 'GET', '/projects/project-2', member);
    expect(names((await ask(200, 'GET', '/projects?name=demo2', member)).projects)).toEqual([]);
  });

  test('an admin sees all projects, and logs in to those with a role only', async () => {
    expect(names((await ask(200, 'GET', '/projects', root)).projects)).toEqual(
      expect.arrayContaining(['demo1', 'demo2']),
    );
    expect(names((await ask(200, 'GET', '/auth/projects', root)).projects)).toEqual(['demo1']);
    expect(names((await ask(200, 'GET', '/users/user-2/projects', root)).projects)).toEqual(['demo2']);
  });
});

describe('the deployment', () => {
  test('has one domain, one region, and its services', async () => {
    const list = async (path: string, key: string) => (await ask(200, 'GET', path, root))[key];
    expect(await list('/domains', 'domains')).toMatchObject([{ id: 'default', name: 'Default', enabled: true }]);
    expect(await list('/domains?name=Other', 'domains')).toEqual([]);
    expect(await list('/auth/domains', 'domains')).toHaveLength(1);
    expect(await list('/domains/default', 'domain')).toMatchObject({ name: 'Default' });
    await ask(404, 'GET', '/domains/other', root);
    expect(await list('/regions', 'regions')).toMatchObject([{ id: 'eu-de', parent_region_id: null }]);
    expect(await list('/regions/eu-de', 'region')).toMatchObject({ id: 'eu-de' });
    await ask(404, 'GET', '/regions/other', root);
    expect(await list('/services?type=volumev3', 'services')).toMatchObject([{ id: 'evsv3', enabled: true }]);
    expect(await list('/services/cbr', 'service')).toMatchObject({ type: 'cbr' });
    await ask(404, 'GET', '/services/other', root);
    const [endpoint] = await list('/endpoints?service_id=evs&interface=public&region_id=eu-de', 'endpoints');
    expect(endpoint).toMatchObject({ id: 'evs-public', url: 'http://edge.test/evs/v3/$(project_id)s' });
    expect(await list('/endpoints?interface=admin', 'endpoints')).toEqual([]);
    expect(await list('/endpoints/evs-public', 'endpoint')).toEqual(endpoint);
  });
});
