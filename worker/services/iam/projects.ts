// What a bearer may know of projects, domains and regions.

import { z } from '@hono/zod-openapi';
import { loadConfig } from '../../config.ts';
import { notFound, unwrap } from '../../http/errors.ts';
import { queryFlag } from '../../http/fields.ts';
import { type Call, json, type Routes } from '../../http/operation.ts';
import { identityOf, mustBeLive } from '../../http/session.ts';
import type { ProjectInfo } from '../../identity/contract.ts';
import { Catalog, catalogOf } from './catalog.ts';

const ProjectView = z
  .object({
    id: z.string(),
    name: z.string(),
    domain_id: z.string(),
    parent_id: z.string(),
    enabled: z.boolean(),
    is_domain: z.boolean(),
    description: z.string(),
    links: z.object({ self: z.string() }),
  })
  .openapi('Project');

const ListLinks = z.object({ self: z.string(), previous: z.string().nullable(), next: z.string().nullable() });

type AnyCall = Call<Readonly<Record<string, string | undefined>>, unknown>;

const root = (call: AnyCall) => `${call.endpoints.of('iam')}/v3`;
const listLinks = (call: AnyCall) => ({ self: call.endpoints.self({}), previous: null, next: null });

function projectView(call: AnyCall, project: ProjectInfo): z.input<typeof ProjectView> {
  return {
    id: project.id,
    name: project.name,
    domain_id: project.domainId,
    parent_id: project.domainId,
    enabled: true,
    is_domain: false,
    description: '',
    links: { self: `${root(call)}/projects/${project.id}` },
  };
}

async function projectsOf(call: AnyCall): Promise<readonly ProjectInfo[]> {
  return unwrap(await identityOf(call.env).listProjects(call.session!.claims));
}

async function listProjects(call: AnyCall): Promise<Response> {
  const { name, domain_id: domainId, parent_id: parentId, enabled, is_domain: isDomain } = call.query;
  const projects = (await projectsOf(call)).filter(
    (project) =>
      (name === undefined || project.name === name) &&
      (domainId === undefined || project.domainId === domainId) &&
      (parentId === undefined || project.domainId === parentId) &&
      (enabled === undefined || queryFlag(enabled)) &&
      !queryFlag(isDomain),
  );
  return json(200, { projects: projects.map((project) => projectView(call, project)), links: listLinks(call) });
}

async function listDomains(call: AnyCall): Promise<Response> {
  await mustBeLive(call.env, call.session);
  const { id, name } = await identityOf(call.env).domain();
  const wanted = call.query.name === undefined || call.query.name === name;
  const domain = { id, name, enabled: true, description: '', links: { self: `${root(call)}/domains/${id}` } };
  return json(200, { domains: wanted ? [domain] : [], links: listLinks(call) });
}

/** Registers projects, domains, regions and the catalog. */
export function projectRoutes(routes: Routes): void {
  const projects = { 200: z.object({ projects: z.array(ProjectView), links: ListLinks }) };
  const domains = {
    200: z.object({
      domains: z.array(z.object({ id: z.string(), name: z.string(), enabled: z.boolean() })),
      links: ListLinks,
    }),
  };
  routes
    .get('/auth/catalog', {
      summary: 'The service catalog of the token',
      answers: { 200: z.object({ catalog: Catalog, links: z.object({ self: z.string() }) }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        const { projectId } = call.session!.claims;
        const catalog = catalogOf(call.endpoints, loadConfig(call.env).region, projectId);
        return json(200, { catalog, links: { self: `${root(call)}/auth/catalog` } });
      },
    })
    .get('/auth/projects', { summary: 'Projects that the user can log in to', answers: projects, handle: listProjects })
    .get('/auth/domains', { summary: 'Domains that the user can log in to', answers: domains, handle: listDomains })
    .get('/projects', { summary: 'List projects', answers: projects, handle: listProjects })
    .get('/domains', { summary: 'List domains', answers: domains, handle: listDomains })
    .get('/projects/{id}', {
      summary: 'Show a project',
      answers: { 200: z.object({ project: ProjectView }) },
      handle: async (call) => {
        const project = (await projectsOf(call)).find((each) => each.id === call.params.id);
        if (project === undefined) throw notFound(`Could not find project: ${call.params.id}.`);
        return json(200, { project: projectView(call, project) });
      },
    })
    .get('/regions', {
      summary: 'List regions',
      answers: { 200: z.object({ regions: z.array(z.looseObject({ id: z.string() })), links: ListLinks }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        const { region } = loadConfig(call.env);
        const regions = [{ id: region, type: 'public', description: '', parent_region_id: null }];
        return json(200, { regions, links: listLinks(call) });
      },
    });
}
