import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import { media } from '#media';

export const needs = { identity, media };

export type Profiles = Context<typeof needs>;
