import { Resolver } from 'node:dns/promises';
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { addressIn, isLoopback, isPublic } from './addresses.ts';
import {
  BODY_LIMIT_BYTES,
  type FailureReason,
  OutgoingFailure,
  type OutgoingFile,
  type OutgoingGet,
  type OutgoingHttp,
  type OutgoingPost,
} from './port.ts';

export interface GuardedParts {
  /** Outside production: this machine may be reached, and by http. */
  allowsOwnMachine: boolean;
  /** For all of a call: finding the address, connecting, sending, reading. */
  timeLimitMs?: number;
  /** The addresses of a name; none when there are none. @throws when nobody knows. */
  resolve?: (hostname: string) => Promise<string[]>;
  /** A certificate of an authority that is trusted beside the usual ones. */
  authority?: string;
}

const TIME_LIMIT_MS = 10_000;
const MOST_REDIRECTIONS = 3;
const HEADER_LIMIT_BYTES = 16 * 1024;
/** The first port that no service of the system listens on. */
const FIRST_FREE_PORT = 1024;

/** Outgoing HTTP over connections of its own, each to an address that was checked, and through no proxy. */
export function guardedHttp(parts: GuardedParts): OutgoingHttp {
  const { allowsOwnMachine, timeLimitMs = TIME_LIMIT_MS, resolve = addressesOf } = parts;
  const isAllowed = (address: string): boolean => isPublic(address) || (allowsOwnMachine && isLoopback(address));

  /** All addresses of a host. One that may not be reached spoils the others: whoever names it means no good. */
  const reachable = async (hostname: string): Promise<string[]> => {
    const literal = addressIn(hostname);
    const addresses = literal !== undefined ? [literal] : isOwnName(hostname) ? ['127.0.0.1'] : await resolve(hostname);
    if (addresses.length === 0) throw new OutgoingFailure('name', `The name ${hostname} cannot be resolved.`);
    if (!addresses.every(isAllowed)) throw new OutgoingFailure('address', `${hostname} is not a public address.`);
    return addresses;
  };

  const checked = (text: string): URL => {
    const refusal = refusedUrl(text, allowsOwnMachine);
    if (refusal !== undefined) throw new OutgoingFailure('url', `The URL ${refusal}.`);
    return new URL(text);
  };

  const call = async (text: string, signal: AbortSignal | undefined, limitMs: number, sending: Omit<Sending, 'addresses' | 'ended'>) => {
    const url = checked(text);
    const timeLimit = AbortSignal.timeout(limitMs);
    const ended = signal ? AbortSignal.any([timeLimit, signal]) : timeLimit;
    try {
      const addresses = await within(ended, reachable(url.hostname));
      return await send(url, { ...sending, addresses, ended });
    } catch (error) {
      signal?.throwIfAborted();
      throw failureOf(error, url, timeLimit.aborted);
    }
  };

  const get = async ({ url, headers, limitBytes, signal }: OutgoingGet, redirections: number): Promise<OutgoingFile> => {
    const { status, location, bytes, isCut } = await call(url, signal, timeLimitMs * 3, {
      ...parts,
      method: 'GET',
      headers,
      bytes: undefined,
      limitBytes,
    });
    const next = location !== undefined && [301, 302, 303, 307, 308].includes(status) && redirections > 0 && URL.canParse(location, url);
    return next ? get({ url: new URL(location, url).href, headers, limitBytes, signal }, redirections - 1) : { status, body: bytes, isCut };
  };

  return {
    async post({ url, headers, body, signal }) {
      const bytes = Buffer.from(body as string);
      const answer = await call(url, signal, timeLimitMs, { ...parts, method: 'POST', headers, bytes, limitBytes: BODY_LIMIT_BYTES });
      const { status, retryAfter, isCut } = answer;
      return { status, retryAfter, body: answer.bytes.toString('utf8'), isCut };
    },
    get: (wish) => get(wish, MOST_REDIRECTIONS),
    async refusalOf(text) {
      const refusal = refusedUrl(text, allowsOwnMachine);
      if (refusal !== undefined) return refusal;
      const { hostname } = new URL(text);
      const wrong = await within(AbortSignal.timeout(timeLimitMs), reachable(hostname)).catch((error) => error);
      return wrong instanceof OutgoingFailure && wrong.reason === 'address' ? 'must lead to a public address' : undefined;
    },
  };
}

/** What is wrong with a URL, before anything is asked of the network. */
function refusedUrl(text: string, allowsOwnMachine: boolean): string | undefined {
  if (text.length > 2000) return 'must have at most 2,000 characters';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) return 'must be an address such as https://example.com/webhooks';
  const literal = addressIn(url.hostname);
  const isOwn = literal === undefined ? isOwnName(url.hostname) : isLoopback(literal);
  if (literal !== undefined && !isPublic(literal) && !(isOwn && allowsOwnMachine)) return 'must lead to a public address';
  if (isOwn && !allowsOwnMachine) return 'must lead to a public address';
  if (url.protocol !== 'https:' && !(isOwn && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username || url.password) return 'must hold no name and no password';
  if (url.hash) return 'must have no fragment';
  if (!isOwn && url.port !== '' && Number(url.port) < FIRST_FREE_PORT) return 'must use the port 443, or one from 1024 on';
  return undefined;
}

const isOwnName = (hostname: string): boolean => /^(.+\.)?localhost\.?$/.test(hostname);

interface Sending extends GuardedParts {
  method: 'GET' | 'POST';
  addresses: string[];
  headers: OutgoingPost['headers'];
  bytes: Buffer | undefined;
  limitBytes: number;
  ended: AbortSignal;
}

interface Received {
  status: number;
  retryAfter: string | undefined;
  location: string | undefined;
  bytes: Buffer;
  isCut: boolean;
}

function send(url: URL, { method, addresses, authority, headers, bytes, limitBytes, ended }: Sending): Promise<Received> {
  const options: RequestOptions & { ca?: string } = {
    method,
    agent: false, // a connection of its own, so that no checked address serves another name
    lookup: lookupOf(addresses),
    maxHeaderSize: HEADER_LIMIT_BYTES,
    signal: ended,
    headers: { ...headers, ...(bytes ? { 'content-length': bytes.length } : {}), 'accept-encoding': 'identity' },
    ...(authority === undefined ? {} : { ca: authority }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? tlsRequest : plainRequest)(url, options);
    let isAnswered = false;
    request.on('error', (error) => isAnswered || reject(error));
    request.on('response', (response) => {
      isAnswered = true;
      read(response, limitBytes).then(resolve, reject);
    });
    request.on('close', () => isAnswered || reject(new OutgoingFailure('answer', `${url.host} did not answer as HTTP says.`)));
    request.end(bytes);
  });
}

/** The names were looked up before, and checked: the connection goes to one of those addresses, whatever the name leads to by now. */
const lookupOf = (addresses: readonly string[]): LookupFunction =>
  ((_hostname: string, options: { all?: boolean }, found: (...answer: unknown[]) => void) => {
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    process.nextTick(() => (options.all ? found(null, all) : found(null, all[0]!.address, all[0]!.family)));
  }) as LookupFunction;

/** Reads the beginning of a body, and gives up the connection then. Once there is a status, time that runs out only cuts the body. */
async function read(response: IncomingMessage, limitBytes: number): Promise<Received> {
  const chunks: Buffer[] = [];
  let length = 0;
  let isCut = false;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, limitBytes - length));
      length += chunk.length;
      if (length > limitBytes) break;
    }
  } catch {
    isCut = true;
  }
  response.destroy();
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    location: response.headers.location,
    bytes: Buffer.concat(chunks),
    isCut: isCut || length > limitBytes,
  };
}

/** Rejects as soon as the signal says so; what still runs then is nobody's concern. */
const within = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });

/** Both kinds of addresses of a name, asked of DNS itself: it neither blocks the threads of this process nor reads its hosts file. */
async function addressesOf(hostname: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const asked = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return asked.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

function failureOf(error: unknown, { host }: URL, isLate: boolean): OutgoingFailure {
  if (error instanceof OutgoingFailure) return error;
  if (isLate) return new OutgoingFailure('timeout', `${host} took too long to answer.`);
  const code = String((error as NodeJS.ErrnoException).code ?? '');
  const reason = reasonOf(code);
  return new OutgoingFailure(reason, `${SENTENCES[reason](host)} (${code || 'unknown'}).`);
}

const reasonOf = (code: string): 'tls' | 'answer' | 'connection' => {
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(code)) return 'tls';
  return code.startsWith('HPE_') ? 'answer' : 'connection';
};

const SENTENCES: Readonly<Record<Extract<FailureReason, 'tls' | 'answer' | 'connection'>, (host: string) => string>> = {
  tls: (host) => `${host} has no valid certificate, or speaks no TLS`,
  answer: (host) => `${host} did not answer as HTTP says`,
  connection: (host) => `No connection with ${host}`,
};
