import { ChangedTranslations, type TranslationChanges, type Translations } from '#catalog';
import { problem } from '#kernel/problems.ts';

/** How many languages a product is translated into at most, and how many characters these texts have together: lists show them all. */
export const MOST_LANGUAGES = 20;
export const MOST_CHARACTERS = 30_000;

const TOO_MUCH = `A product is translated into at most ${MOST_LANGUAGES} languages, with at most ${MOST_CHARACTERS} characters in all.`;

export const tooManyTranslations = problem({
  code: 'catalog/too-many-translations',
  status: 409,
  title: 'The product has enough translations',
  detail: `${TOO_MUCH} Remove some first.`,
});

/** Those of a new product. */
export const NewTranslations = ChangedTranslations.transform((changes) => merged({}, changes))
  .refine((translations) => !isTooMuch(translations), TOO_MUCH)
  .meta({
    description: `Name and description in other languages, by BCP 47 language tag: ${MOST_LANGUAGES} languages and ${MOST_CHARACTERS} characters at most`,
    example: { fr: { name: 'Lampe', description: 'Une lampe de bureau.' } },
  });

/** Whether a product has no room for so much. */
export const isTooMuch = (translations: Translations): boolean => {
  const texts = Object.values(translations).flatMap((texts) => Object.values(texts));
  return Object.keys(translations).length > MOST_LANGUAGES || texts.reduce((sum, { length }) => sum + length, 0) > MOST_CHARACTERS;
};

/** Translations after a change. An empty text counts as absent, and a language without texts is removed. */
export function merged(before: Translations, changes: TranslationChanges): Translations {
  const after = new Map(Object.entries(before));
  for (const [tag, change] of Object.entries(changes)) {
    const { name, description } = { ...(change ? { ...after.get(tag), ...change } : {}) } as NonNullable<TranslationChanges[string]>;
    if (name || description) after.set(tag, { ...(name ? { name } : {}), ...(description ? { description } : {}) });
    else after.delete(tag);
  }
  return Object.fromEntries(after);
}

/** Translations after a change. @throws tooManyTranslations */
export function translated(before: Translations, changes: TranslationChanges): Translations {
  const after = merged(before, changes);
  if (isTooMuch(after)) throw tooManyTranslations();
  return after;
}

/** What waits for review when one change has followed another. @throws tooManyTranslations */
export function changesAfter(shown: Translations, earlier: TranslationChanges, later: TranslationChanges): TranslationChanges {
  const both = { ...earlier };
  for (const [tag, change] of Object.entries(later))
    both[tag] = change && { ...(both[tag] === null ? { name: null, description: null } : both[tag]), ...change };
  translated(shown, both);
  return differences(shown, both);
}

/** The texts of a change that differ from the public ones. Each text counts for itself: another text of the same language may change meanwhile. */
export function differences(shown: Translations, changes: TranslationChanges): TranslationChanges {
  const after = merged(shown, changes);
  const left = Object.entries(changes).map(([tag, change]): [string, TranslationChanges[string]] => {
    if (change === null) return [tag, shown[tag] ? null : {}];
    const differing = TEXTS.filter((text) => after[tag]?.[text] !== shown[tag]?.[text]);
    return [tag, Object.fromEntries(differing.map((text) => [text, after[tag]?.[text] ?? null]))];
  });
  return Object.fromEntries(left.filter(([, change]) => change === null || Object.keys(change ?? {}).length > 0));
}

const TEXTS = ['name', 'description'] as const;
