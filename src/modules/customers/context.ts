import { catalog } from '#catalog';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import { orders } from '#orders';
import { wallet } from '#wallet';

export const needs = { identity, wallet, catalog, orders };

export type Customers = Context<typeof needs>;
