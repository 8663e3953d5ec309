import { isIP } from 'node:net';

/**
 * The IP address in one entry of `X-Forwarded-For`, or in what a socket says: without a port, brackets, quotes, a zone, and the
 * prefix of IPv4 in IPv6; IPv6 in its one spelling (RFC 5952). So one caller has one key, for every way to write it.
 * @returns undefined when there is none.
 */
export function addressIn(text: string | undefined): string | undefined {
  const bare = text?.trim().replace(/^"(.*)"$/, '$1') ?? '';
  const host = /^\[([^\]]*)\](:\d+)?$/.exec(bare)?.[1] ?? /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  const address = host.replace(/%.*$/, '');
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const spelled = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(spelled);
  if (!mapped) return spelled;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The network of an address: enough to see where an attack comes from, not enough to name a person. */
export function networkOf(address: string): string | null {
  const plain = address.replace(/^::ffff:/, '');
  if (isIP(plain) === 4) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(plain) === 6) return `${firstGroups(plain, 3).join(':')}::/48`;
  return null;
}

/** What an address is counted as. A household has a whole /64 of IPv6 and may call from any address in it, so it counts as one. */
export function subnetOf(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  return isIP(plain) === 6 ? `${firstGroups(plain, 4).join(':')}::/64` : plain;
}

/** The first groups of an IPv6 address, with the zeros that `::` replaces. */
function firstGroups(address: string, count: number): string[] {
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...after].slice(0, count);
}
