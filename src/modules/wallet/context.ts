import type { Payments } from '#adapters/payments/port.ts';
import type { Payouts } from '#adapters/payouts/port.ts';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import type { walletSettings } from './settings.ts';

export const needs = { identity };

export type Wallet = Context<typeof needs, { payments: Payments; payouts: Payouts }, SettingsOf<typeof walletSettings>>;
