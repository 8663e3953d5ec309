import { TEST_USER_HEADER } from './openid-provider.ts';
import type { Reply } from './people.ts';
import type { World } from './world.ts';

/** Somebody's browser: it keeps cookies, follows where it is sent, and is known to providers as `who`. */
export interface Browser {
  /** Asks Souk to sign in with a provider. */
  begin(provider: string, query?: string): Promise<Reply>;
  /** Follows an address to the provider and on, until it is sent back to Souk. @returns where to. */
  travel(location: string): Promise<string>;
  /** Comes back to Souk. */
  comeBack(path: string): Promise<Reply>;
  /** All of it. */
  signIn(provider: string, query?: string): Promise<Reply>;
}

const HOPS = 10;

export function browserOf(w: World, who: string): Browser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (origin: string): Map<string, string> => {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const keep = (origin: string, headers: Headers): void => {
    for (const cookie of headers.getSetCookie()) {
      const [name = '', ...value] = cookie.split(';')[0]!.split('=');
      jarOf(origin).set(name, value.join('='));
    }
  };
  const kept = (origin: string): string => [...jarOf(origin)].map(([name, value]) => `${name}=${value}`).join('; ');

  const atSouk = async (path: string): Promise<Reply> => {
    const reply = await w.fetch(path, { headers: { cookie: kept('souk') } });
    keep('souk', reply.headers);
    return reply;
  };
  const me: Browser = {
    begin: (provider, query = '') => atSouk(`/v1/auth/social/${provider}${query}`),
    async travel(location) {
      let url = new URL(location);
      for (let hop = 0; hop < HOPS; hop++) {
        const reply = await fetch(url, { redirect: 'manual', headers: { cookie: kept(url.origin), [TEST_USER_HEADER]: who } });
        keep(url.origin, reply.headers);
        const next = reply.headers.get('location');
        if (!next) throw new Error(`${url.origin}${url.pathname} answered ${reply.status}: ${await reply.text()}`);
        url = new URL(next, url);
        if (url.pathname.startsWith('/v1/')) return `${url.pathname}${url.search}`;
      }
      throw new Error('sent round in circles');
    },
    comeBack: atSouk,
    async signIn(provider, query) {
      const begun = await me.begin(provider, query);
      if (begun.status !== 302) throw new Error(`not begun: ${JSON.stringify(begun.body)}`);
      return me.comeBack(await me.travel(begun.headers.get('location') ?? ''));
    },
  };
  return me;
}
