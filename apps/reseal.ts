import type { Composition } from '#kernel/compose.ts';
import type { ResealedPage } from '#kernel/reseal.ts';
import { systemScope } from '#kernel/runtime.ts';

const PAGE = 500;

/**
 * Seals everything that an older key has sealed with the current one, module by module, in pages that each commit by
 * themselves. Interrupted, it is begun again: what is sealed with the current key is passed over.
 *
 * @returns how many texts were sealed again, by module.
 */
export async function resealAll({ runtime }: Pick<Composition, 'runtime'>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name, offers } of runtime.modules) {
    if (!offers.has('reseal')) continue;
    counts.set(name, 0);
    for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
      const page = (await runtime.ask('kernel', name, 'reseal', { after, limit: PAGE }, systemScope)) as ResealedPage;
      counts.set(name, (counts.get(name) ?? 0) + page.resealed);
      after = page.after;
    }
  }
  return counts;
}
