import { catalog } from '#catalog';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import { moderation } from '#moderation';
import { orders } from '#orders';
import { partners } from '#partners';
import { reviews } from '#reviews';
import { wallet } from '#wallet';

export const needs = { identity, partners, moderation, wallet, catalog, orders, reviews };

export type Customers = Context<typeof needs>;
