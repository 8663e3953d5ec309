import { identity } from '#identity';
import { inventory } from '#inventory';
import type { Context } from '#kernel/context.ts';

export const needs = { identity, inventory };

export type Catalog = Context<typeof needs>;
