// The tour's client: the public HTTP API and nothing else. One request function, a login, and waiting for statuses.

/** Where the service is and who asks. */
export interface Login {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
}

/** Longest wait for one operation. */
const WAIT_MS = 180_000;
const POLL_MS = { min: 20, max: 500 };

/** What an answer says, without declaring every shape of the API again. */
// biome-ignore lint/suspicious/noExplicitAny: the tour reads answers as a script would
export type Json = any;

/** An answer that was not the expected one. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly body: string;

  /** Status and the sentence in the body, whichever error form it has. */
  get said(): string {
    const sentence = /"message":"((?:[^"\\]|\\.)*)"/.exec(this.body)?.[1]?.replaceAll('\\"', '"');
    return `${this.status}: ${sentence ?? this.body.slice(0, 100)}`;
  }

  constructor(method: string, path: string, status: number, body: string) {
    super(`${method} ${path} answered ${status}: ${body.slice(0, 400)}`);
    this.status = status;
    this.body = body;
  }
}

export class Api {
  readonly url: string;
  readonly projectId: string;
  readonly #token: string;

  private constructor(url: string, projectId: string, token: string) {
    this.url = url;
    this.projectId = projectId;
    this.#token = token;
  }

  /** Logs in with a password, as every OpenStack client does. */
  static async login({ url, user, password, project }: Login): Promise<Api> {
    const domain = { id: 'default' };
    const auth = {
      identity: { methods: ['password'], password: { user: { name: user, domain, password } } },
      scope: { project: { name: project, domain } },
    };
    const response = await send(`${url}/iam/v3/auth/tokens`, { method: 'POST', body: JSON.stringify({ auth }) });
    if (response.status !== 201) throw await failure('POST', '/iam/v3/auth/tokens', response);
    const { token } = (await response.json()) as Json;
    return new Api(url, token.project.id, response.headers.get('X-Subject-Token') ?? '');
  }

  /** What proves who asks, for requests that are made by other means. */
  get headers(): Readonly<Record<string, string>> {
    return { 'X-Auth-Token': this.#token };
  }

  /** A request as it is; `{p}` in the path stands for the project's id. */
  async fetch(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('X-Auth-Token', this.#token);
    return await send(this.url + path.replace('{p}', this.projectId), { ...init, method, headers });
  }

  /** A request whose answer must be a success; its JSON, or null when it has none. */
  async ask(method: string, path: string, body?: unknown): Promise<Json> {
    const init: RequestInit = {
      // The newest microversion: the Cinder form creates from a backup since 3.47.
      headers: { 'OpenStack-API-Version': 'volume 3.50', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await this.fetch(method, path, init);
    if (!response.ok) throw await failure(method, path, response);
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  }

  /** The failure of a request that has to be refused; null when it was not. */
  async refusal(method: string, path: string, body?: unknown): Promise<ApiFailure | null> {
    try {
      await this.ask(method, path, body);
      return null;
    } catch (error) {
      if (error instanceof ApiFailure) return error;
      throw error;
    }
  }

  /** True when what the path names does not exist. */
  async isGone(path: string): Promise<boolean> {
    return (await this.refusal('GET', path))?.status === 404;
  }

  /** Asks until the thing under `key` has the wanted status. A status of its own that says "error" ends the wait. */
  async waitFor(path: string, key: string, wanted = 'available'): Promise<Json> {
    return await this.poll(async () => {
      const thing = (await this.ask('GET', path))[key];
      if (thing.status === wanted) return thing;
      if (String(thing.status).startsWith('error')) throw new Error(`${path} is ${thing.status}, not ${wanted}`);
      return null;
    }, `${path} to become ${wanted}`);
  }

  /** Waits until what the path names is gone. */
  async waitGone(path: string): Promise<void> {
    await this.poll(async () => ((await this.isGone(path)) ? true : null), `${path} to go away`);
  }

  /** Calls `look` until it finds something, ever less often. */
  async poll<T>(look: () => Promise<T | null>, what: string): Promise<T> {
    let pauseMs = POLL_MS.min;
    for (const until = Date.now() + WAIT_MS; Date.now() < until; ) {
      const found = await look();
      if (found !== null) return found;
      await new Promise((done) => setTimeout(done, pauseMs));
      pauseMs = Math.min(POLL_MS.max, pauseMs * 1.3);
    }
    throw new Error(`waited ${WAIT_MS / 1000} s in vain for ${what}`);
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause;
    const reason = cause?.code ?? cause?.message ?? String(error);
    throw new Error(`no answer from ${new URL(url).origin} (${reason}). Is a server running there? npm start`);
  }
}

async function failure(method: string, path: string, response: Response): Promise<ApiFailure> {
  return new ApiFailure(method, path, response.status, await response.text());
}
