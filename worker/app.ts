// The HTTP application: all services over one set of routes. Order matters only where two paths can both match.

import { OpenAPIHono } from '@hono/zod-openapi';
import { ConfigError, loadConfig } from './config.ts';
import { drain } from './http/body.ts';
import { routingPath } from './http/endpoints.ts';
import { envelopeOfPath, errorResponse, toApiError } from './http/envelopes.ts';
import { ApiError } from './http/errors.ts';
import { MICROVERSION_HEADER } from './http/microversion.ts';
import type { App, AppEnv } from './http/operation.ts';
import { RememberingRouter } from './http/remembering-router.ts';
import { unknownPath, WORDS_NOT_IDS } from './http/unknown.ts';
import { registerBackups } from './services/backups/index.ts';
import { registerCbr } from './services/cbr/index.ts';
import { registerCinder } from './services/cinder/index.ts';
import { registerData } from './services/data/index.ts';
import { registerEcs } from './services/ecs/index.ts';
import { registerEvs } from './services/evs/index.ts';
import { registerIam } from './services/iam/index.ts';
import { registerIms } from './services/ims/index.ts';
import { registerSim } from './services/sim/index.ts';
import { registerSystem } from './services/system/index.ts';
import { registerVbs } from './services/vbs/index.ts';

/** Headers that go out with every response. Its request's id is what clients print when something went wrong. */
function commonHeaders(app: App): void {
  app.use('*', async (c, next) => {
    const id = `req-${crypto.randomUUID()}`;
    c.set('requestId', id);
    await next();
    if (c.res.status >= 400) await drain(c.req.raw);
    c.header('x-openstack-request-id', id);
    c.header('x-compute-request-id', id);
    c.header('x-request-id', id);
    const microversion = c.get('microversion');
    if (microversion !== undefined) {
      c.header(MICROVERSION_HEADER, `volume 3.${microversion}`);
      c.header('Vary', MICROVERSION_HEADER);
    }
  });
}

/** What was thrown, as a response in the form of the service that was asked. */
function errors(app: App): void {
  app.onError((thrown, c) => {
    const envelope = c.get('envelope') ?? envelopeOfPath(c.req.path);
    const known = toApiError(envelope, thrown);
    if (known !== null) return errorResponse(envelope, known);
    return errorResponse(envelope, unexpected(thrown, c.get('requestId')));
  });
  app.notFound((c) => {
    const envelope = envelopeOfPath(c.req.path);
    return errorResponse(envelope, unknownPath(c.req.method, c.req.path));
  });
}

/** A defect, a missing setting, or the platform's own trouble. Details stay in the log. */
function unexpected(thrown: Error, requestId: string): ApiError {
  if (thrown instanceof ConfigError) return new ApiError(503, thrown.message);
  // The platform marks what may be tried again and what is too much.
  const { retryable, overloaded } = thrown as { retryable?: boolean; overloaded?: boolean };
  console.error(requestId, thrown.stack ?? String(thrown));
  if (retryable || overloaded) {
    return new ApiError(503, 'The service is busy: try again.', { headers: { 'Retry-After': '1' } });
  }
  return new ApiError(500, `An unexpected error prevented the server from fulfilling your request (${requestId}).`);
}

/**
 * Makes the application.
 * @example const response = await createApp().fetch(request, env, ctx);
 */
export function createApp(): App {
  const app: App = new OpenAPIHono<AppEnv>({ getPath: routingPath, router: new RememberingRouter() });
  commonHeaders(app);
  errors(app);
  // A deployment without its secret or accounts serves nothing, and says on every path what to set.
  app.use('*', (c, next) => {
    loadConfig(c.env);
    return next();
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Auth-Token',
  });
  for (const path of WORDS_NOT_IDS) {
    app.all(path, (c) => {
      throw unknownPath(c.req.method, c.req.path);
    });
  }
  registerIam(app);
  registerCinder(app);
  registerBackups(app);
  registerEvs(app);
  registerVbs(app);
  registerCbr(app);
  registerEcs(app);
  registerIms(app);
  registerData(app);
  registerSim(app);
  registerSystem(app);
  return app;
}
