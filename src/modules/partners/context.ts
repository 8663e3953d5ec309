import type { Context } from '#kernel/context.ts';

/** It asks nobody: it knows those who make keys by their ids alone. */
export const needs = {};

export type Partners = Context<typeof needs>;
