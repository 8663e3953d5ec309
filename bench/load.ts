import autocannon from 'autocannon';

/** One request of a load: what differs from call to call. */
export interface Shot {
  method?: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A call that says who makes it, even wrongly, is not answered from what is stored ready-made (docs/decisions/0027). */
export const NOT_READY_MADE = { authorization: 'none' };

export interface Load {
  url: string;
  connections: number;
  seconds: number;
  next: () => Shot;
}

export interface Measured {
  perSecond: number;
  p50: number;
  p99: number;
  failed: number;
}

/** Fires requests over keep-alive connections for some seconds, and counts. Times in milliseconds. */
export async function fire({ url, connections, seconds, next }: Load): Promise<Measured> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99, failed };
}

/** One of them, by chance. */
export const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

export const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
