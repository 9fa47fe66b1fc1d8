// What an administrator reaches beyond the own project. The own project is asked first, always: it knows whether the token
// was revoked. Others are asked as their caller, with the administrator's project as `homeProjectId`.

import type { Env } from '../env.ts';
import { type FaultCode, fault, type Outcome } from '../faults.ts';
import { CATALOG_ID } from '../project/catalog.ts';
import type { Caller, CatalogRpc, ProjectRpc } from '../project/contract.ts';
import { FaultError, unwrap } from './errors.ts';
import { identityOf, projectOf, type Session } from './session.ts';

export type Question<T> = (project: ProjectRpc, caller: Caller) => Promise<Outcome<T>>;

/** Refusals that say no more than: not in this project. */
const ELSEWHERE: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'volume-not-found',
  'snapshot-not-found',
  'backup-not-found',
  'transfer-not-found',
  'attachment-not-found',
  'message-not-found',
]);

export function isAdmin(caller: Caller): boolean {
  return caller.roles.includes('admin');
}

/** Refuses a revoked token, and then everybody but an administrator. */
export async function mustBeAdmin(session: Session | null, env: Env): Promise<void> {
  const { caller, stub } = projectOf(session, env);
  unwrap(await stub.checkToken(caller));
  if (!isAdmin(caller)) throw new FaultError(fault('forbidden', { action: 'do this: it is for administrators' }));
}

/** Asks the caller's project; for an administrator, each other one after it until one has the thing. */
export async function askHolder<T>(session: Session | null, env: Env, question: Question<T>): Promise<T> {
  const { caller, stub } = projectOf(session, env);
  const own = await question(stub, caller);
  if (own.ok || !isAdmin(caller) || !ELSEWHERE.has(own.fault.code)) return unwrap(own);
  for (const projectId of await otherProjects(session, env)) {
    const other = await asIn(env, caller, projectId, question);
    if (other.ok || other.fault.code !== own.fault.code) return unwrap(other);
  }
  return unwrap(own);
}

/** Asks every project of the domain, for an administrator; the answers with the own one first. */
export async function askEvery<T>(session: Session | null, env: Env, question: Question<T>): Promise<T[]> {
  await mustBeAdmin(session, env);
  const { caller, stub } = projectOf(session, env);
  const answers = [unwrap(await question(stub, caller))];
  for (const projectId of await otherProjects(session, env)) {
    answers.push(unwrap(await asIn(env, caller, projectId, question)));
  }
  return answers;
}

/** Asks one project by its id. Another than the own one is an administrator's, and must exist. */
export async function askProject<T>(
  session: Session | null,
  env: Env,
  projectId: string,
  question: Question<T>,
): Promise<T> {
  const { caller, stub } = projectOf(session, env);
  if (projectId === caller.projectId) return unwrap(await question(stub, caller));
  await mustBeAdmin(session, env);
  const others = await otherProjects(session, env);
  if (!others.includes(projectId)) throw new FaultError(fault('project-not-found', { id: projectId }));
  return unwrap(await asIn(env, caller, projectId, question));
}

/** Asks for, or changes, settings of all projects. */
export async function askCatalog<T>(
  session: Session | null,
  env: Env,
  question: (catalog: CatalogRpc, caller: Caller) => Promise<Outcome<T>>,
): Promise<T> {
  const { caller, stub } = projectOf(session, env);
  unwrap(await stub.checkToken(caller));
  return unwrap(await asIn(env, caller, CATALOG_ID, question));
}

async function otherProjects(session: Session | null, env: Env): Promise<string[]> {
  const { caller } = projectOf(session);
  const projects = unwrap(await identityOf(env).listProjects(session!.claims));
  return projects.map(({ id }) => id).filter((id) => id !== caller.projectId);
}

/** A new stub for each question: one that has seen an exception stays broken. */
function asIn<T>(env: Env, caller: Caller, projectId: string, question: Question<T>): Promise<Outcome<T>> {
  const stub = env.PROJECT.get(env.PROJECT.idFromName(projectId)) as unknown as ProjectRpc;
  return question(stub, { ...caller, projectId, homeProjectId: caller.projectId });
}
