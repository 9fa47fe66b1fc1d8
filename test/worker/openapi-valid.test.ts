// Every operation of the OpenAPI document is called once with a valid request, and answers as the document says.

import { describe, expect, it } from 'vitest';
import { named, OPERATIONS, validatorOf } from './openapi/document.ts';
import { call, prepare } from './openapi/prepared.ts';
import { REQUESTS } from './openapi/requests.ts';

describe('the table of requests', () => {
  it('has every operation of the document, and no other', () => {
    const keys = new Set(OPERATIONS.map((operation) => operation.key));
    expect([...keys].filter((key) => !(key in REQUESTS))).toEqual([]);
    expect(Object.keys(REQUESTS).filter((key) => !keys.has(key))).toEqual([]);
  });
});

describe.each([...new Set(OPERATIONS.map((operation) => operation.service))])('/%s', (service) => {
  it.each(named(OPERATIONS.filter((operation) => operation.service === service)))('%s', async (_title, operation) => {
    const prepared = await prepare(operation, operation.method === 'GET' ? 'shared' : 'fresh');
    const response = await call(prepared);
    const text = await response.text();
    expect(Object.keys(operation.answers), text).toContain(String(response.status));
    const schema = operation.answers[response.status];
    // Of the verbs of one call, some answer and some do not.
    if (schema == null || (text === '' && operation.path.endsWith('/action'))) return;
    expect(validatorOf(schema)(JSON.parse(text)), text).toBe(true);
  });
});
