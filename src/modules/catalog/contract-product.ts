import { z } from 'zod';
import { byLanguage } from '#kernel/languages.ts';
import { Money } from '#kernel/money.ts';
import { Id, isOneLine, isVisible, line, NOT_ONE_LINE, prose, Time } from '#kernel/shapes.ts';
import { Image } from '#media';

export const productStates = ['draft', 'submitted', 'approved', 'paused', 'rejected', 'archived'] as const;

/** Name or value of an option: one line without spaces around it. */
const OptionText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^\S(.*\S)?$/u, 'must be one line without spaces around it')
    .refine(isVisible, 'must not be empty')
    .refine(isOneLine, NOT_ONE_LINE);

/** Options of a variant: `{ "color": "red", "storage": "128 GB" }`. */
export const Options = z
  .record(OptionText(40), OptionText(80))
  .refine((options) => Object.keys(options).length <= 10, 'may be at most 10')
  .meta({ id: 'Options', example: { color: 'red' } });
export type Options = z.infer<typeof Options>;

export const Variant = z
  .object({ id: Id, sku: z.string().nullable(), options: Options, price: Money, stock: z.int() })
  .meta({ id: 'Variant' });

export const ProductText = {
  name: line(200).meta({ example: 'Lamp' }),
  category: z.string().max(60).meta({ description: 'Slug of a category', example: 'electronics' }),
  type: line(100).meta({ example: 'lighting' }),
  brand: line(100).meta({ example: 'Luma' }),
  description: prose(5000).meta({ example: 'A desk lamp.' }),
};

/** Name and description in other languages, by BCP 47 language tag. */
export const Translations = z
  .record(z.string(), z.object({ name: z.string().optional(), description: z.string().optional() }))
  .meta({ id: 'Translations', example: { fr: { name: 'Lampe', description: 'Une lampe de bureau.' } } });
export type Translations = z.infer<typeof Translations>;

/** A JSON Merge Patch (RFC 7396) of them: what is absent stays, null removes. `TranslationChanges` is one that was taken. */
export const ChangedTranslations = byLanguage(
  z.strictObject({ name: ProductText.name.nullable().optional(), description: ProductText.description.nullable().optional() }).nullable(),
).meta({ example: { fr: { name: 'Lampe' }, ar: null } });
export const TranslationChanges = z
  .record(z.string(), z.object({ name: z.string().nullable().optional(), description: z.string().nullable().optional() }).nullable())
  .meta({ id: 'TranslationChanges', example: { fr: { name: 'Lampe' }, ar: null } });
export type TranslationChanges = z.infer<typeof TranslationChanges>;

export const Product = z
  .object({
    id: Id,
    name: z.string(),
    ...{ category: z.string().nullable(), type: z.string().nullable(), brand: z.string().nullable() },
    description: z.string(),
    translations: Translations.meta({ description: 'The same in other languages, by BCP 47 language tag' }),
    seller: z.object({ id: Id, username: z.string() }),
    ...{ price: Money, stock: z.int(), variants: z.array(Variant), images: z.array(Image) },
    rating: z.object({ average: z.number().nullable(), count: z.int() }),
    state: z.enum(productStates).meta({ example: 'approved' }),
    ...{ createdAt: Time, version: z.int() },
    pending: z
      .object({
        ...{ name: z.string().optional(), description: z.string().optional(), images: z.array(Image).optional() },
        translations: TranslationChanges.optional(),
      })
      .optional()
      .meta({ description: 'Changes that wait for review; visible to its seller and the staff' }),
    rejection: z.string().optional().meta({ description: 'Why it was rejected; visible to its seller and the staff' }),
  })
  .meta({ id: 'Product' });
export type Product = z.infer<typeof Product>;
