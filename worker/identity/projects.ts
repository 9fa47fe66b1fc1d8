// Projects as an administrator makes, changes and deletes them.

import { Refusal } from '../faults.ts';
import type { Accounts } from './accounts.ts';
import type { ProjectChange } from './contract.ts';
import { checkNew, merged, newId } from './extra.ts';
import type { Project } from './records.ts';

export function projectOf(accounts: Accounts, id: string): Project {
  const project = accounts.projects.get(id);
  if (project === undefined) throw new Refusal('account-not-found', { kind: 'project', id });
  return project;
}

export function createProject(accounts: Accounts, input: ProjectChange & { readonly name: string }): Project {
  checkNew('project', accounts.projects, input.name);
  return accounts.projects.put({
    id: newId(),
    name: input.name,
    configured: false,
    description: input.description ?? '',
    enabled: input.enabled ?? true,
    tags: input.tags ?? [],
    extra: merged({}, input.extra),
  });
}

export function updateProject(accounts: Accounts, id: string, change: ProjectChange): Project {
  const project = changeable(accounts, id);
  const name = change.name ?? project.name;
  const other = accounts.projects.named(name);
  if (other !== undefined && other.id !== id) throw new Refusal('name-taken', { kind: 'project', name });
  return accounts.change(() =>
    accounts.projects.put({
      ...project,
      name,
      description: change.description ?? project.description,
      enabled: change.enabled ?? project.enabled,
      tags: change.tags ?? project.tags,
      extra: merged(project.extra, change.extra),
    }),
  );
}

export function deleteProject(accounts: Accounts, id: string): void {
  changeable(accounts, id);
  accounts.change(() => {
    accounts.projects.delete(id);
    accounts.dropDangling();
  });
}

function changeable(accounts: Accounts, id: string): Project {
  const project = projectOf(accounts, id);
  if (project.configured) throw new Refusal('account-configured', { kind: 'project', name: project.name });
  return project;
}
