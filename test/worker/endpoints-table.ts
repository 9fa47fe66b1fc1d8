// The table of calls in docs/endpoints.md.

import document from '../../docs/endpoints.md?raw';

/** `/evs/{v2,v3}/x` is two paths. */
function expand(path: string): string[] {
  const braces = /\{([^{}]*,[^{}]*)\}/.exec(path);
  if (braces === null) return [path];
  return braces[1]!.split(',').flatMap((choice) => expand(path.replace(braces[0], choice)));
}

/** `METHOD path` of the rows with this answer. Rows have the form "| `GET, PUT` | `/evs/v3/{p}/volumes/{id}` | yes |". */
export function calls(answer: 'yes' | '501'): string[] {
  const rows = [...document.matchAll(/^\| `([A-Z, ]+)` \| `([^`]+)` \| (yes|501)\b.*\|$/gm)];
  const chosen = rows.filter(([, , , said]) => said === answer);
  return chosen.flatMap(([, methods, path]) =>
    expand(path!).flatMap((one) => methods!.split(', ').map((method) => `${method} ${one}`)),
  );
}
