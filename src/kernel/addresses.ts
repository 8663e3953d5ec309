import { isIP } from 'node:net';

/** The network of an address: enough to see where an attack comes from, not enough to name a person. */
export function networkOf(address: string): string | null {
  const plain = address.replace(/^::ffff:/, '');
  if (isIP(plain) === 4) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(plain) === 6) return `${firstGroups(plain, 3).join(':')}::/48`;
  return null;
}

/** Whom an address is counted as: a household has a whole /64 of IPv6, and may call from any address in it. */
export function householdOf(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  return isIP(plain) === 6 ? `${firstGroups(plain, 4).join(':')}::/64` : plain;
}

/** The first groups of an IPv6 address, the zeros that `::` stands for written out. */
function firstGroups(address: string, count: number): string[] {
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...after].slice(0, count);
}
