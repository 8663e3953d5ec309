import type { Context } from '#kernel/context.ts';

/** Moderation asks nobody: it knows subjects and people by their ids alone. */
export const needs = {};

export type Moderation = Context<typeof needs>;
