import { identity } from '#identity';
import type { EveryModule } from '#kernel/account-life.ts';
import type { Context } from '#kernel/context.ts';

export const needs = { identity };

export type Customers = Context<typeof needs, { everyModule: EveryModule }>;
