import { catalog } from '#catalog';
import { identity } from '#identity';
import { inventory } from '#inventory';
import type { Context } from '#kernel/context.ts';
import { wallet } from '#wallet';

export const needs = { identity, wallet, inventory, catalog };

export type Orders = Context<typeof needs>;
