import { z } from 'zod';
import { Product } from '#catalog';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import type { Catalog } from './context.ts';
import { forgetSeller } from './forget-seller.ts';
import { productsOf } from './read-product.ts';

export const life: AccountLife<Catalog> = {
  forget: forgetSeller,
  export: exporting({ products: z.array(Product) }, async (ctx: Catalog, whose) => ({ products: await productsOf(ctx, whose) })),
};
