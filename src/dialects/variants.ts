import { z } from 'zod';
import type { Product } from '#catalog';
import { outOfStock, Quantity } from '#inventory';

/** Units, as a number or its digits: clients of those APIs send both. */
export const Count = z.preprocess((given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given), Quantity);

/** A product that those APIs know no variants of: any will do that costs what they show. */
export interface Wish {
  product: Product;
  count: number;
  fits?: (variant: Product['variants'][number]) => boolean;
}

/** Variants that cost what is shown: never more, and never less. */
export const atShownPrice = ({ product, fits = () => true }: Wish): Product['variants'] =>
  product.variants.filter((variant) => variant.price.amount === product.price.amount && fits(variant));

const MOST_TRIES = 5;

/**
 * Places an order of the first variants that there are enough of. The stock that products show may be late: where an order is refused for
 * it, the next variants are tried. Each wish needs a variant at the price that is shown.
 * @throws outOfStock, and what `place` throws
 */
export async function placeOfVariants<T>(wishes: readonly Wish[], place: (variantIds: readonly string[]) => Promise<T>): Promise<T> {
  const refused = new Set<string>();
  let chosen = chosenOf(wishes, refused).map((variant, index) => variant ?? atShownPrice(wishes[index]!)[0]!.id);
  for (let tries = 1; ; tries++) {
    try {
      return await place(chosen);
    } catch (error) {
      if (!outOfStock.is(error) || tries === MOST_TRIES) throw error;
      for (const id of error.extra.variantIds as string[]) refused.add(id);
      const next = chosenOf(wishes, refused);
      if (!next.every((id) => id !== undefined)) throw error;
      chosen = next;
    }
  }
}

/** For each wish the first variant that is not refused and that earlier wishes leave enough of. */
function chosenOf(wishes: readonly Wish[], refused: ReadonlySet<string>): (string | undefined)[] {
  const taken = new Map<string, number>();
  return wishes.map((wish) => {
    const left = ({ id, stock }: { id: string; stock: number }) => (refused.has(id) ? 0 : stock - (taken.get(id) ?? 0));
    const id = atShownPrice(wish).find((variant) => left(variant) >= wish.count)?.id;
    if (id !== undefined) taken.set(id, (taken.get(id) ?? 0) + wish.count);
    return id;
  });
}
