import type { Pending, ProductRow } from './product.ts';
import { changesAfter, differences } from './translations.ts';

type Shown = Pick<ProductRow, 'name' | 'description' | 'translations'>;

/** The part of a change that still waits for review because it differs from the public version; null if nothing does. Images are not compared. */
export function stillPending(shown: Shown, pending: Pending | null): Pending | null {
  if (!pending) return null;
  const { name, description, translations, ...others } = pending;
  const texts = differences(shown.translations, translations ?? {});
  const left: Pending = {
    ...(name === undefined || name === shown.name ? {} : { name }),
    ...(description === undefined || description === shown.description ? {} : { description }),
    ...(Object.keys(texts).length > 0 ? { translations: texts } : {}),
    ...others,
  };
  return Object.keys(left).length > 0 ? left : null;
}

/** What waits for review after one more change by the seller. @throws tooManyTranslations */
export const pendingAfter = (
  row: Shown & Pick<ProductRow, 'pending'>,
  change: Pick<Pending, 'name' | 'description' | 'translations'>,
): Pending | null =>
  stillPending(row, {
    ...row.pending,
    ...change,
    translations: changesAfter(row.translations, row.pending?.translations ?? {}, change.translations ?? {}),
  });
