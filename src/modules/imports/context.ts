import { catalog } from '#catalog';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';

export const needs = { identity, catalog };

export type Imports = Context<typeof needs>;
