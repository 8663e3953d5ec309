import { z } from 'zod';
import type { Product } from '#catalog';
import { majorUnits } from '../major-units.ts';

const Colors = z.array(z.object({ colorCode: z.int(), displayValue: z.string() }));

export const Item = z
  .object({
    id: z.string(),
    title: z.string(),
    company: z.string(),
    description: z.string(),
    storage: z.string(),
    colorPreference: Colors,
    colorPrefrence: Colors.meta({ description: 'The same, as this API spelled it' }),
    category: z.string(),
    type: z.string(),
    brand: z.string(),
    price: z.number(),
  })
  .meta({ id: 'Item' });
export type Item = z.infer<typeof Item>;

const differing = (values: (string | undefined)[]): string[] => [...new Set(values.filter((value) => value !== undefined))];

/** The colours of a product in the order of its variants: the code of a colour is its place, from 1. */
export const colorsOf = ({ variants }: Pick<Product, 'variants'>): string[] => differing(variants.map(({ options }) => options.color));

/** A product as an item. What it does not say is an empty text. */
export function itemOf(product: Product): Item {
  const colors = colorsOf(product).map((displayValue, index) => ({ colorCode: index + 1, displayValue }));
  return {
    id: product.id,
    title: product.name,
    company: product.brand ?? product.seller.username,
    description: product.description,
    storage: differing(product.variants.map(({ options }) => options.storage)).join(', '),
    colorPreference: colors,
    colorPrefrence: colors,
    category: product.category ?? '',
    type: product.type ?? '',
    brand: product.brand ?? '',
    price: majorUnits(product.price),
  };
}
