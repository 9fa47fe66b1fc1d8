// Connections of one bridge to one disk: made, made again when the service was away, and one kept ready, so that the disk is
// in use as long as the bridge runs and a client need not wait.
import { setTimeout as sleep } from 'node:timers/promises';
import { CloseCode } from '../../worker/nbd/wire.ts';
import { LaunchError } from '../serve/errors.ts';
import type { Dialer, FirstConnection } from './client.ts';
import { type Account, login, type Session, sentenceIn } from './service.ts';
import { BROKEN, RefusedError, Upstream, UpstreamError } from './upstream.ts';

/** A deployment takes seconds, a restart of a server less. Clients wait as long for their replies. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = { min: 50, max: 2_000 };

export interface Source {
  readonly kind: 'volume' | 'snapshot' | 'backup';
  readonly id: string;
  readonly mode: 'rw' | 'ro';
}

export class BridgeDialer implements Dialer {
  readonly #account: Account;
  readonly #source: Source;
  readonly #sessionId = crypto.randomUUID();
  #session: Session | null = null;
  #ready: Promise<FirstConnection> | null = null;

  constructor(account: Account, source: Source) {
    this.#account = account;
    this.#source = source;
  }

  /** Tries until it works. Throws LaunchError or UpstreamError when it cannot, or not within two minutes. */
  async connect(
    connectionId: string,
    attachmentId: string | null,
  ): Promise<{ upstream: Upstream; greeting: Uint8Array }> {
    const deadlineMs = Date.now() + PATIENCE_MS;
    let isRenewed = false;
    for (let pauseMs = PAUSE_MS.min; ; pauseMs = Math.min(PAUSE_MS.max, 2 * pauseMs)) {
      try {
        return await this.#connectOnce(connectionId, attachmentId);
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.isPassing || Date.now() > deadlineMs) throw error;
        // A new login is tried once; the next refusal is about the account.
        if (error.code === CloseCode.refused && isRenewed) throw new LaunchError(error.message);
        if (error.code === CloseCode.refused) {
          isRenewed = true;
          this.#session = null;
        }
        await sleep(pauseMs);
      }
    }
  }

  /** The connection that was kept ready; another one takes its place. */
  async take(): Promise<FirstConnection> {
    for (;;) {
      // Given away in this turn: two clients that come together must not get the same one.
      const taken = this.prepare();
      this.#ready = null;
      const first = await taken;
      void this.prepare().catch(() => undefined);
      // It may have been lost while it waited.
      if (first.upstream.isOpen) return first;
    }
  }

  /** Makes sure that a connection is ready. */
  prepare(): Promise<FirstConnection> {
    this.#ready ??= this.#first();
    return this.#ready;
  }

  /** Says goodbye with the connection that is kept ready. */
  async close(): Promise<void> {
    const first = await this.#ready?.catch(() => null);
    first?.upstream.close();
  }

  async #first(): Promise<FirstConnection> {
    const connectionId = crypto.randomUUID();
    return { connectionId, ...(await this.connect(connectionId, null)) };
  }

  async #connectOnce(connectionId: string, attachmentId: string | null) {
    this.#session ??= await login(this.#account);
    const { token, dataUrl } = this.#session;
    const { kind, id, mode } = this.#source;
    const query = new URLSearchParams({ mode, session: this.#sessionId, connection: connectionId });
    if (attachmentId !== null) query.set('attachment', attachmentId);
    const url = `${dataUrl}/${kind}s/${id}/nbd?${query}`;
    const upstream = await Upstream.connect(url, { 'X-Auth-Token': token }).catch(whyNot);
    return { upstream, greeting: await upstream.receive() };
  }
}

/** A refusal as what can be done about it. */
function whyNot(error: unknown): never {
  if (!(error instanceof RefusedError)) throw error;
  const text = `${error.status} ${sentenceIn(error.message)}`;
  if (error.status === 401) throw new UpstreamError(CloseCode.refused, text);
  throw error.status === 409 || error.status >= 500 ? new UpstreamError(BROKEN, text) : new LaunchError(text);
}
