import { isIP } from 'node:net';

/** The network of an address: enough to see where an attack comes from, not enough to name a person. */
export function networkOf(address: string): string | null {
  const plain = plainAddress(address);
  if (isIP(plain) === 4) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(plain) === 6) return `${firstGroups(plain, 3).join(':')}::/48`;
  return null;
}

/** Whom a limit counts: an IPv4 address, or the /64 that one household has of IPv6, for it can call from any address in it. */
export function callerOf(address: string): string {
  const plain = plainAddress(address);
  return isIP(plain) === 6 ? `${firstGroups(plain, 4).join(':')}::/64` : plain;
}

/** An IPv4 address, also where a socket of IPv6 tells it. */
const plainAddress = (address: string): string => address.replace(/^::ffff:/, '');

/** The first groups of an IPv6 address, the zeros that `::` stands for written out. */
function firstGroups(address: string, count: number): string[] {
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...after].slice(0, count);
}
