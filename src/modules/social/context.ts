import type { IdentityProviders } from '#adapters/identity-providers/port.ts';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';

export const needs = { identity };

export type Social = Context<typeof needs, { identityProviders: IdentityProviders }>;
