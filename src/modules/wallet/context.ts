import type { Payments } from '#adapters/payments/port.ts';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';

export const needs = { identity };

export type Wallet = Context<typeof needs, { payments: Payments }>;
