// The tokens that were issued and have not expired: what it takes to take one back.

import type { IssuedToken } from './records.ts';
import { TOKEN } from './tables.ts';

/** How often expired tokens are thrown away: looking for them reads every row. */
const PURGE_MS = 10 * 60 * 1000;

export class IssuedTokens {
  readonly #sql: SqlStorage;
  #purgedMs = 0;
  /** False once a look has found none: looking reads every row. */
  #mayBeUntold = true;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  remember(token: IssuedToken): void {
    const nowMs = Date.now();
    if (nowMs - this.#purgedMs > PURGE_MS) {
      this.#sql.exec('DELETE FROM token WHERE expires_ms < ?', nowMs);
      this.#purgedMs = nowMs;
    }
    this.#put(token, TOKEN.good);
  }

  /** Refused here at once; its project is still to be told. */
  revoke(token: IssuedToken): void {
    this.#put(token, TOKEN.revokedUntold);
    this.#mayBeUntold = true;
  }

  get(id: string): IssuedToken | undefined {
    const rows = this.#sql.exec<{ body: string }>('SELECT body FROM token WHERE id = ?', id).toArray();
    return rows.map(parse)[0];
  }

  isRevoked(id: string): boolean {
    return this.#sql.exec('SELECT 1 FROM token WHERE id = ? AND revoked <> ?', id, TOKEN.good).toArray().length > 0;
  }

  good(): IssuedToken[] {
    return this.#in(TOKEN.good);
  }

  /** Revoked tokens whose projects may not know it yet. */
  untold(): IssuedToken[] {
    if (!this.#mayBeUntold) return [];
    const tokens = this.#in(TOKEN.revokedUntold);
    this.#mayBeUntold = tokens.length > 0;
    return tokens;
  }

  told(tokens: readonly IssuedToken[]): void {
    for (const { id } of tokens) this.#sql.exec('UPDATE token SET revoked = ? WHERE id = ?', TOKEN.revokedTold, id);
  }

  #put(token: IssuedToken, state: number): void {
    const { id, expiresMs } = token;
    this.#sql.exec('INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)', id, expiresMs, state, JSON.stringify(token));
  }

  #in(state: number): IssuedToken[] {
    return this.#sql.exec<{ body: string }>('SELECT body FROM token WHERE revoked = ?', state).toArray().map(parse);
  }
}

const parse = ({ body }: { readonly body: string }) => JSON.parse(body) as IssuedToken;
