// Every operation that takes a body gets what its schema forbids, one thing at a time, and what is no JSON at all: refused
// in the form of its service, and nothing has changed. What the schema leaves open may be done or refused, in that form too.

import { describe, expect, it } from 'vitest';
import { DISTINCT, named, type Operation, validatorOf } from './openapi/document.ts';
import { BROKEN, type Mutation, mutationsOf } from './openapi/mutations.ts';
import { call, expectNoDefect, expectRefusal, type Prepared, prepare } from './openapi/prepared.ts';

/** Bodies that are as good as none: allowed where none is needed, which is where the schema takes null. */
const ABSENT = ['nothing', 'white space'];

const WITH_BODY = DISTINCT.filter((operation) => operation.body !== null);

async function refuses(prepared: Prepared, wrong: readonly Mutation[]): Promise<void> {
  const { operation } = prepared;
  for (const { what, body } of wrong) {
    const response = await call(prepared, { body });
    const text = await expectRefusal(response, operation, what);
    expect(response.status, `${what}: ${text}`).toBe(400);
  }
  const mayBeAbsent = validatorOf(operation.body!)(null);
  for (const [what, bytes, status] of BROKEN) {
    if (mayBeAbsent && ABSENT.includes(what)) continue;
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { ...prepared.request.headers, 'Content-Type': type };
      const response = await call(prepared, { body: bytes(), headers });
      const text = await expectRefusal(response, operation, what);
      expect(response.status, `${what} as ${type}: ${text}`).toBe(status);
      // Large bodies cost time, and their type is not looked at.
      if (status === 413) break;
    }
  }
}

/** Each may act, so what it acts on may be gone for the next. */
async function survives(operation: Operation, odd: readonly Mutation[]): Promise<void> {
  const prepared = await prepare(operation);
  for (const { what, body } of odd) await expectNoDefect(await call(prepared, { body }), operation, what);
}

describe('bodies', () => {
  it.each(named(WITH_BODY))('%s', async (_title, operation) => {
    const prepared = await prepare(operation);
    const { wrong, odd } = mutationsOf(operation.body!, prepared.request.body);
    const before = await prepared.tenant.state();
    await refuses(prepared, wrong);
    expect(await prepared.tenant.state()).toBe(before);
    await survives(operation, odd);
  });
});
