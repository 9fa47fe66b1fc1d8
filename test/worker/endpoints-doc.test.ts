// docs/endpoints.md says of every call whether it is here: what it says must be so.

import { describe, expect, it } from 'vitest';
import { createApp } from '../../worker/app.ts';
import { calls } from './endpoints-table.ts';
import { bench, PROJECT } from './http-fakes.ts';

/** Names of path parameters do not matter, trailing slashes are the same call. */
const plain = (path: string) => path.replaceAll(/\{\w+\}|:\w+/g, '{}').replace(/(?<=.)\/$/, '');

describe('docs/endpoints.md', () => {
  it('has every call that is here, and no other as such', () => {
    const said = new Set(calls('yes').map(plain));
    const here = createApp().routes.filter((route) => route.method !== 'ALL');
    expect(said).toEqual(new Set(here.map((route) => plain(`${route.method} ${route.path}`))));
  });

  it('answers 501 where it says so', async () => {
    const api = await bench();
    expect(calls('501').length).toBeGreaterThan(50);
    for (const call of calls('501')) {
      const [method = '', path = ''] = call.split(' ');
      const target = path.replace('{p}', PROJECT).replaceAll(/\{\w+\}/g, 'x1');
      const response = await api.fetch(target, { method });
      expect(response.status, call).toBe(501);
    }
  });
});
