// Specs of types and of quality of service, as Cinder's schemas take them.

import { stringMap } from '../../http/fields.ts';

const KEY = /^[a-zA-Z0-9\-_:. /]{1,255}$/;

/** Specs by key; there may be none. */
export const specs = stringMap.refine(
  (pairs) => Object.keys(pairs).every((key) => KEY.test(key)),
  'keys have letters, digits, - _ : . / and blanks',
);

/** At least one of them. */
export const someSpecs = specs.refine((pairs) => Object.keys(pairs).length > 0, 'at least one');
