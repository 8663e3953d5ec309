import { catalog } from '#catalog';
import type { Context } from '#kernel/context.ts';
import { moderation } from '#moderation';
import { orders } from '#orders';

export const needs = { moderation, catalog, orders };

export type Reviews = Context<typeof needs>;
