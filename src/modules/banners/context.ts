import type { Context } from '#kernel/context.ts';
import { media } from '#media';

export const needs = { media };

export type Banners = Context<typeof needs>;
