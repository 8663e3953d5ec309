import { catalog } from '#catalog';
import type { Context } from '#kernel/context.ts';
import { orders } from '#orders';

export const needs = { catalog, orders };

export type Reviews = Context<typeof needs>;
