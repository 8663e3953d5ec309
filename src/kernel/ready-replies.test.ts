import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type Made, openReadyReplies } from './ready-replies.ts';

describe('the store of replies', () => {
  const open = () => openReadyReplies({ shared: undefined, sharedKey: (key) => key, metrics: { cached() {} } });
  const text = (of: { bytes: Uint8Array }) => Buffer.from(of.bytes).toString();
  /** A handler that answers when it is told to. */
  const slow = () => {
    const { promise, resolve, reject } = Promise.withResolvers<Made>();
    return { make: () => promise, answer: (said: string) => resolve({ text: said, topics: ['lamp'] }), fail: reject };
  };

  test('stores nothing that was read before a change and comes after it', async () => {
    const ready = open();
    const old = slow();
    const reading = ready.get('page', old.make);
    ready.drop(['lamp']);
    const later = slow();
    const asking = ready.get('page', later.make); // waits for the one that is under way, and then does not believe it
    old.answer('10');
    expect(text(await reading)).toBe('10');
    expect(ready.find('page')).toBeUndefined();
    later.answer('11');
    expect(text(await asking)).toBe('11');
    expect(text(ready.find('page')!)).toBe('11');
    ready.drop(['cup']);
    expect(ready.find('page')).toBeDefined();
    ready.drop();
    expect(ready.find('page')).toBeUndefined();
  });

  test('shares with other processes what is still true, and takes from them nothing from before a drop', async () => {
    const values = new Map<string, string>();
    let ageMs = 0;
    const shared = {
      find: async (key: string) => ({ askedAt: 0, stored: values.has(key) ? { value: values.get(key)!, ageMs } : undefined }),
      put: async (key: string, value: string) => void values.set(key, value),
    };
    const [one, other] = [1, 2].map(() => openReadyReplies({ shared, sharedKey: (key) => key, metrics: { cached() {} } }));
    const old = slow();
    const reading = one!.get('page', old.make);
    await Promise.resolve().then(() => {}); // it has looked, and reads
    one!.drop(['lamp']);
    old.answer('10');
    await reading;
    expect(values.size).toBe(0);
    const make = async () => ({ text: 'é "11"\n', topics: ['lamp'], version: 3 });
    const first = await one!.get('page', make);
    const never = async () => expect.unreachable();
    expect({ ...(await other!.get('page', never)), readAt: 0 }).toEqual({ ...first, readAt: 0 });
    other!.drop(['lamp']);
    ageMs = 500;
    expect(text(await other!.get('page', async () => ({ text: '12', topics: ['lamp'] })))).toBe('12');
    const third = openReadyReplies({ shared, sharedKey: (key) => key, metrics: { cached() {} } });
    ageMs = 1000;
    expect(text(await third.get('page', async () => ({ text: '13', topics: ['lamp'] })))).toBe('13');
  });

  test('tells all who wait of a failure, and tries again for the next', async () => {
    const ready = open();
    const first = slow();
    const asking = Promise.allSettled([1, 2, 3].map(() => ready.get('page', first.make)));
    first.fail(new Error('no'));
    expect((await asking).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(text(await ready.get('page', async () => ({ text: 'yes', topics: [] })))).toBe('yes');
  });

  test('forgets no drop among very many', async () => {
    const ready = open();
    await ready.get('page', async () => ({ text: '10', topics: ['lamp'] }));
    ready.drop(['lamp']);
    for (let n = 0; n < 25_000; n++) ready.drop([`cup ${n}`]);
    expect(ready.find('page')).toBeUndefined();
  });

  test('holds the same memory after 20,000 different questions, and drops the oldest first', async () => {
    const ready = open();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = () => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return (heapUsed + arrayBuffers) / 1024 / 1024;
    };
    const before = held();
    for (let n = 0; n < 20_000; n++) await ready.get(`page ${n}`, async () => ({ text: `${n}`.padEnd(20_000), topics: [`${n}`] }));
    expect(ready.find('page 19999')).toBeDefined(); // at once: it is fresh for a second
    expect(held() - before).toBeLessThan(100); // of 400 MB, and 32 are stored
    expect(ready.find('page 0')).toBeUndefined();
    await ready.get('huge', async () => ({ text: ' '.repeat(600 * 1024), topics: [] }));
    expect(ready.find('huge')).toBeUndefined();
  });
});
