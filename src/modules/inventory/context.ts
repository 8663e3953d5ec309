import type { Context } from '#kernel/context.ts';

/** Inventory asks nobody: it knows variants by their ids alone. */
export const needs = {};

export type Inventory = Context<typeof needs>;
