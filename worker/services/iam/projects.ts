// Projects, and the domain that they are in.

import { z } from '@hono/zod-openapi';
import { badRequest, notFound, unwrap } from '../../http/errors.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { identityOf, mustBeLive } from '../../http/session.ts';
import type { ProjectChange, ProjectInfo } from '../../identity/contract.ts';
import { AccountQuery, isAskedFor, meets, meetsTags, ProjectQuery } from './filters.ts';
import { CreateProjectBody, DomainView, ListLinks, ProjectView, UpdateProjectBody } from './shapes.ts';
import { domainView, listLinks, projectView } from './views.ts';

type ListCall = Call<z.output<typeof ProjectQuery>, unknown>;

function projectList(call: ListCall, projects: readonly ProjectInfo[]): Response {
  const { query } = call;
  const views = projects
    .map((project) => projectView(call, project))
    .filter(
      (view) =>
        meets(query, view) &&
        meetsTags(query, view.tags) &&
        (query.parent_id === undefined || query.parent_id === view.parent_id) &&
        !isAskedFor(query.is_domain),
    );
  return json(200, { projects: views, links: listLinks(call) });
}

async function listProjects(call: ListCall): Promise<Response> {
  return projectList(call, unwrap(await identityOf(call.env).listProjects(call.session!.claims, call.query.name)));
}

/** Those that the bearer can log in to: an admin, who sees all, has a role in some only. */
async function listOwnProjects(call: ListCall): Promise<Response> {
  const { claims } = call.session!;
  const projects = unwrap(await identityOf(call.env).projectsOfUser(claims, claims.userId));
  return projectList(
    call,
    projects.filter((project) => project.enabled),
  );
}

async function listProjectsOfUser(call: ListCall): Promise<Response> {
  const { claims } = call.session!;
  return projectList(call, unwrap(await identityOf(call.env).projectsOfUser(claims, call.params.id!)));
}

async function listDomains(call: Call<z.output<typeof AccountQuery>, unknown>): Promise<Response> {
  await mustBeLive(call.env, call.session);
  const view = domainView(call, await identityOf(call.env).domain());
  return json(200, { domains: meets(call.query, view) ? [view] : [], links: listLinks(call) });
}

/** Refuses another domain than the one that there is; null and nothing mean it. */
export async function mustBeOurDomain(call: Call<unknown, unknown>, id: string | null | undefined): Promise<void> {
  if (id == null || id === (await identityOf(call.env).domain()).id) return;
  throw notFound(`Could not find domain: ${id}.`);
}

type ProjectInput = z.output<typeof UpdateProjectBody>['project'];

async function projectChange(call: Call<unknown, unknown>, project: ProjectInput): Promise<ProjectChange> {
  const { name, description, enabled, tags, domain_id: domainId, parent_id: parentId, ...rest } = project;
  const { id: _id, links: _links, is_domain: _isDomain, options: _options, ...extra } = rest;
  await mustBeOurDomain(call, domainId);
  if (parentId != null && parentId !== (await identityOf(call.env).domain()).id) {
    throw badRequest('Projects are not nested: leave parent_id out, or give the id of the domain.');
  }
  // Null clears a description, as in Keystone; of the other fields it says nothing.
  return { name, description: description === null ? '' : description, enabled: enabled ?? undefined, tags, extra };
}

async function createProject(call: Call<unknown, z.output<typeof CreateProjectBody>>): Promise<Response> {
  const { claims } = call.session!;
  const { name } = call.body.project;
  const input = { ...(await projectChange(call, call.body.project)), name };
  const project = unwrap(await identityOf(call.env).createProject(claims, input));
  return json(201, { project: projectView(call, project) });
}

async function updateProject(call: Call<unknown, z.output<typeof UpdateProjectBody>>): Promise<Response> {
  const { claims } = call.session!;
  const change = await projectChange(call, call.body.project);
  const project = unwrap(await identityOf(call.env).updateProject(claims, call.params.id!, change));
  return json(200, { project: projectView(call, project) });
}

/** Registers projects and domains. */
export function projectRoutes(routes: Routes): void {
  const projects = { 200: z.object({ projects: z.array(ProjectView), links: ListLinks }) };
  const project = z.object({ project: ProjectView });
  const domains = { 200: z.object({ domains: z.array(DomainView), links: ListLinks }) };
  routes
    .get('/auth/projects', {
      summary: 'Projects that the user can log in to',
      query: ProjectQuery,
      answers: projects,
      handle: listOwnProjects,
    })
    .get('/auth/domains', {
      summary: 'Domains that the user can log in to',
      query: AccountQuery,
      answers: domains,
      handle: listDomains,
    })
    .get('/projects', {
      summary: 'List projects',
      query: ProjectQuery,
      answers: projects,
      handle: listProjects,
    })
    .post('/projects', {
      summary: 'Create a project (admin)',
      body: CreateProjectBody,
      answers: { 201: project },
      handle: createProject,
    })
    .get('/projects/{id}', {
      summary: 'Show a project',
      answers: { 200: project },
      handle: async (call) => {
        const found = unwrap(await identityOf(call.env).getProject(call.session!.claims, call.params.id!));
        return json(200, { project: projectView(call, found) });
      },
    })
    .patch('/projects/{id}', {
      summary: 'Change a project (admin)',
      body: UpdateProjectBody,
      answers: { 200: project },
      handle: updateProject,
    })
    .delete('/projects/{id}', {
      summary: 'Delete a project (admin): its tokens end, what is in it is out of reach',
      answers: { 204: null },
      handle: async (call) => {
        unwrap(await identityOf(call.env).deleteProject(call.session!.claims, call.params.id!));
        return empty(204);
      },
    })
    .get('/users/{id}/projects', {
      summary: 'Projects in which a user has a role',
      query: ProjectQuery,
      answers: projects,
      handle: listProjectsOfUser,
    })
    .get('/domains', { summary: 'List domains', query: AccountQuery, answers: domains, handle: listDomains })
    .get('/domains/{id}', {
      summary: 'Show a domain',
      answers: { 200: z.object({ domain: DomainView }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        await mustBeOurDomain(call, call.params.id);
        return json(200, { domain: domainView(call, await identityOf(call.env).domain()) });
      },
    });
}
