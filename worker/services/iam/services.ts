// The deployment as the identity service describes it: its region, its services and where they are. Nothing of it can be
// changed through the API.

import { z } from '@hono/zod-openapi';
import { loadConfig } from '../../config.ts';
import { fault } from '../../faults.ts';
import { FaultError, notFound } from '../../http/errors.ts';
import { json, type Routes } from '../../http/operation.ts';
import { mustBeLive } from '../../http/session.ts';
import { Catalog, catalogOf, endpointId, SERVICES, type Service } from './catalog.ts';
import { ListLinks } from './shapes.ts';
import { type AnyCall, listLinks, rootOf } from './views.ts';

/** What Keystone writes where the project's id goes. */
const PROJECT_PLACE = '$(project_id)s';

const Described = z.looseObject({ id: z.string() });

function regionView(call: AnyCall) {
  const { region: id } = loadConfig(call.env);
  const links = { self: `${rootOf(call)}/regions/${id}` };
  return { id, type: 'public', description: '', parent_region_id: null, links };
}

function serviceView(call: AnyCall, { type, name, description }: Service) {
  return { id: name, type, name, description, enabled: true, links: { self: `${rootOf(call)}/services/${name}` } };
}

function endpointView(call: AnyCall, service: Service) {
  const { region } = loadConfig(call.env);
  const id = endpointId(service);
  return {
    id,
    service_id: service.name,
    interface: 'public',
    region,
    region_id: region,
    url: service.url(call.endpoints, PROJECT_PLACE),
    enabled: true,
    links: { self: `${rootOf(call)}/endpoints/${id}` },
  };
}

type View = Readonly<Record<string, unknown>> & { readonly id: string };

/** The views with these values in these fields, as far as the query asks. */
function matching(call: AnyCall, fields: readonly string[], views: readonly View[]): View[] {
  return views.filter((view) => fields.every((key) => call.query[key] === undefined || call.query[key] === view[key]));
}

function one(kind: string, id: string | undefined, views: readonly View[]): View {
  const found = views.find((view) => view.id === id);
  if (found === undefined) throw notFound(`Could not find ${kind}: ${id}.`);
  return found;
}

/** As in OpenStack, where a tenant reads the addresses in its catalog. */
async function mustBeAdmin(call: AnyCall, action: string): Promise<void> {
  await mustBeLive(call.env, call.session);
  if (call.session!.claims.roles.includes('admin')) return;
  throw new FaultError(fault('forbidden', { action: `perform the requested action: identity:${action}` }));
}

/** Registers the catalog, regions, services and endpoints. */
export function serviceRoutes(routes: Routes): void {
  const services = (call: AnyCall) => SERVICES.map((service) => serviceView(call, service));
  const endpoints = (call: AnyCall) => SERVICES.map((service) => endpointView(call, service));
  routes
    .get('/auth/catalog', {
      summary: 'The service catalog of the token',
      answers: { 200: z.object({ catalog: Catalog, links: z.object({ self: z.string() }) }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        const { projectId } = call.session!.claims;
        const catalog = catalogOf(call.endpoints, loadConfig(call.env).region, projectId);
        return json(200, { catalog, links: { self: `${rootOf(call)}/auth/catalog` } });
      },
    })
    .get('/regions', {
      summary: 'List regions',
      answers: { 200: z.object({ regions: z.array(Described), links: ListLinks }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        return json(200, { regions: matching(call, ['parent_region_id'], [regionView(call)]), links: listLinks(call) });
      },
    })
    .get('/regions/{id}', {
      summary: 'Show a region',
      answers: { 200: z.object({ region: Described }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        return json(200, { region: one('region', call.params.id, [regionView(call)]) });
      },
    })
    .get('/services', {
      summary: 'List services (admin)',
      answers: { 200: z.object({ services: z.array(Described), links: ListLinks }) },
      handle: async (call) => {
        await mustBeAdmin(call, 'list_services');
        return json(200, { services: matching(call, ['type', 'name'], services(call)), links: listLinks(call) });
      },
    })
    .get('/services/{id}', {
      summary: 'Show a service (admin)',
      answers: { 200: z.object({ service: Described }) },
      handle: async (call) => {
        await mustBeAdmin(call, 'get_service');
        return json(200, { service: one('service', call.params.id, services(call)) });
      },
    })
    .get('/endpoints', {
      summary: 'List endpoints (admin)',
      answers: { 200: z.object({ endpoints: z.array(Described), links: ListLinks }) },
      handle: async (call) => {
        await mustBeAdmin(call, 'list_endpoints');
        const found = matching(call, ['service_id', 'interface', 'region_id'], endpoints(call));
        return json(200, { endpoints: found, links: listLinks(call) });
      },
    })
    .get('/endpoints/{id}', {
      summary: 'Show an endpoint (admin)',
      answers: { 200: z.object({ endpoint: Described }) },
      handle: async (call) => {
        await mustBeAdmin(call, 'get_endpoint');
        return json(200, { endpoint: one('endpoint', call.params.id, endpoints(call)) });
      },
    });
}
