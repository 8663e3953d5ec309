import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { movableClock } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { secretsFrom } from '#kernel/secrets.ts';
import { createKeyAuthenticator } from './key-authenticator.ts';
import { hashOf, readKey, secretOf, writeKey } from './key-text.ts';

/** The judge alone, with what the outside tells it in the test's hands. */
function alone() {
  const clock = movableClock();
  const secrets = secretsFrom([{ id: 'k', secret: Buffer.alloc(32, 1) }]);
  const state = { hearing: true, live: true, heard: () => {} };
  const id = newId();
  const secret = secretOf(secrets, id, 'salt');
  const partners = {
    judgeKey: vi.fn(async ({ keyHash }: { keyHash: string }) =>
      state.live && keyHash === hashOf(secrets, secret) ? { partner: 'carthage couriers', scopes: ['audit:read'], expiresAt: null } : null,
    ),
    noteUse: vi.fn(async () => ({})),
  };
  const signals = {
    hearing: () => state.hearing,
    on: (_: string, heard: () => void) => {
      state.heard = heard;
    },
  };
  const { authenticate } = createKeyAuthenticator({
    partners,
    clock,
    log: pino({ level: 'silent' }),
    secrets,
    signals,
    metrics: { cached() {} },
  });
  return { clock, state, partners, authenticate, id, key: writeKey({ id, secret }) };
}

const refused = { code: 'unauthenticated' };

test('a key is asked about once, and again when a revocation is heard of', async () => {
  const { authenticate, key, id, partners, state } = alone();
  for (let n = 0; n < 10; n++)
    expect(await authenticate(key)).toMatchObject({ kind: 'key', id, partner: 'carthage couriers', username: '', sessionId: null });
  expect(partners.judgeKey).toHaveBeenCalledTimes(1);
  expect(partners.noteUse).toHaveBeenCalledTimes(1);
  state.heard();
  await authenticate(key);
  expect(partners.judgeKey).toHaveBeenCalledTimes(2);
  state.live = false;
  state.heard();
  await expect(authenticate(key)).rejects.toMatchObject(refused);
});

test('the use of a key is noted once a minute', async () => {
  const { authenticate, key, partners, clock } = alone();
  for (const passed of [0, 30_000, 25_000]) {
    clock.advance(passed);
    await authenticate(key);
  }
  expect(partners.noteUse).toHaveBeenCalledTimes(1);
  clock.advance(5_000);
  await authenticate(key);
  expect(partners.noteUse).toHaveBeenCalledTimes(2);
});

test('what is remembered of a key ends with the key', async () => {
  const { authenticate, key, partners, clock } = alone();
  const expiresAt = new Date(clock.now().getTime() + 8_000).toISOString();
  partners.judgeKey
    .mockResolvedValueOnce({ partner: 'carthage couriers', scopes: ['audit:read'], expiresAt } as never)
    .mockResolvedValueOnce(null);
  await authenticate(key);
  clock.advance(4_000);
  await authenticate(key);
  expect(partners.judgeKey).toHaveBeenCalledTimes(1);
  clock.advance(4_000);
  await expect(authenticate(key)).rejects.toMatchObject(refused);
});

test('while nothing can be heard every call asks', async () => {
  const { authenticate, key, partners, state } = alone();
  state.hearing = false;
  await authenticate(key);
  await authenticate(key);
  expect(partners.judgeKey).toHaveBeenCalledTimes(2);
  state.live = false;
  await expect(authenticate(key)).rejects.toMatchObject(refused);
});

test('a connection that is dead without anybody noticing is trusted for ten seconds', async () => {
  const { authenticate, key, state, clock } = alone();
  await authenticate(key);
  state.live = false;
  clock.advance(9_000);
  await authenticate(key);
  clock.advance(1_000);
  await expect(authenticate(key)).rejects.toMatchObject(refused);
});

test('an answer that began before the revocation is believed by nobody who comes after it', async () => {
  const { authenticate, key, partners, state } = alone();
  let answer = (): void => {};
  partners.judgeKey.mockImplementationOnce(
    () => new Promise((resolve) => (answer = () => resolve({ partner: 'carthage couriers', scopes: ['audit:read'], expiresAt: null }))),
  );
  const before = authenticate(key);
  state.live = false;
  state.heard();
  answer();
  expect((await before).kind).toBe('key');
  await expect(authenticate(key)).rejects.toMatchObject(refused);
});

test('when keys cannot be asked about, nobody is let in on what was known before', async () => {
  const { authenticate, key, partners, state } = alone();
  await authenticate(key);
  partners.judgeKey.mockRejectedValueOnce(new Error('down'));
  state.heard();
  await expect(authenticate(key)).rejects.toThrow('down');
  expect((await authenticate(key)).kind).toBe('key');
});

test('what was never a key of ours is refused without a question', async () => {
  const { authenticate, key, partners } = alone();
  for (const text of ['', 'souk_', key.slice(1), `${key} `, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, key.toUpperCase()])
    await expect(authenticate(text), text).rejects.toMatchObject(refused);
  expect(partners.judgeKey).not.toHaveBeenCalled();
});

test('a key that is written is read again', () => {
  const text = { id: newId(), secret: '0123456789abcdef'.repeat(4) };
  expect(readKey(writeKey(text))).toEqual(text);
});
