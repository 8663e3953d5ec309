import { describe, expect, test } from 'vitest';
import { turns } from './receive-in-turn.ts';

describe('files that come at once', () => {
  /** A sender that sends its last byte when it is told to. */
  const sender = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* chunks() {
      yield Buffer.alloc(10);
      await promise;
    }
    return { chunks: chunks(), ends: resolve };
  };
  const stored = async (chunks: AsyncIterable<Uint8Array>): Promise<number> => (await Array.fromAsync(chunks)).length;
  const usual = { places: 1, most: 10, waitMs: 5000, patienceMs: 60_000 };
  /** @returns how a file is stored. */
  const opened = (given: Partial<Parameters<typeof turns>[0]>) => {
    const store = turns({ ...usual, ...given });
    return (from: AsyncIterable<Uint8Array>, read = stored) => store((inTurn) => inTurn(from, read));
  };

  test('wait for their turn, and not for senders that are slow', async () => {
    const store = opened({ places: 2, patienceMs: 100 });
    const slow = [sender(), sender()];
    const first = slow.map(({ chunks }) => store(chunks));
    const begun: string[] = [];
    const other = sender();
    const last = store(other.chunks, (chunks) => {
      begun.push('last');
      return stored(chunks);
    });
    await new Promise((turn) => setImmediate(turn));
    expect(begun).toEqual([]);
    other.ends();
    expect(await last).toBe(1);
    for (const { ends } of slow) ends();
    expect(await Promise.all(first)).toEqual([1, 1]);
  });

  test('are refused with a time to come back when their turn does not come', async () => {
    const store = opened({ waitMs: 50 });
    const slow = sender();
    const first = store(slow.chunks);
    await expect(store(sender().chunks)).rejects.toMatchObject({ code: 'unavailable', status: 503 });
    slow.ends();
    expect(await first).toBe(1);
    const next = sender();
    next.ends();
    expect(await store(next.chunks)).toBe(1);
  });
  test('are refused at once when too many wait', async () => {
    const store = opened({ most: 2 });
    const slow = [sender(), sender()];
    const taken = slow.map(({ chunks }) => store(chunks));
    await expect(store(sender().chunks)).rejects.toMatchObject({ code: 'unavailable', status: 503 });
    for (const { ends } of slow) ends();
    expect(await Promise.all(taken)).toEqual([1, 1]);
  });
});
