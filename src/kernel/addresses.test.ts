import { expect, test } from 'vitest';
import { addressIn, subnetOf } from './addresses.ts';

test.each([
  ['9.9.9.8', '9.9.9.8'],
  ['9.9.9.8:4711', '9.9.9.8'],
  [' 9.9.9.8 ', '9.9.9.8'],
  ['"9.9.9.8:80"', '9.9.9.8'],
  ['::ffff:9.9.9.8', '9.9.9.8'],
  ['::ffff:0909:0908', '9.9.9.8'],
  ['[::FFFF:9.9.9.8]:443', '9.9.9.8'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:4711', '2001:db8::1'],
  ['"[2001:db8::1]:4711"', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[fe80::1%25eth0]:80', 'fe80::1'],
])('%s is the address %s', (text, address) => {
  expect(addressIn(text)).toBe(address);
});

test.each(['', 'unknown', '_hidden', '999.1.1.1', '9.9.9.8:port', 'localhost', '[9.9.9', '%', undefined])('%s is no address', (text) => {
  expect(addressIn(text)).toBeUndefined();
});

test('all addresses of one /64 of IPv6 count as one, in every form', () => {
  const households = ['2001:db8:0:7::1', '[2001:0DB8::7:0:0:0:9]:80'].map((text) => subnetOf(addressIn(text)!));
  expect(new Set(households)).toEqual(new Set(['2001:db8:0:7::/64']));
});
