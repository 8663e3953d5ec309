import type { Secrets } from '#kernel/secrets.ts';

/** Where an order goes is stored sealed, as one text, and opens in the row of that order only. */
export const addressPlace = (orderId: string): string => `orders.address:${orderId}`;

export const sealAddress = (secrets: Secrets, orderId: string, address: object): string =>
  secrets.seal(JSON.stringify(address), addressPlace(orderId));

export const addressOf = (secrets: Secrets, orderId: string, sealed: string): Record<string, string> =>
  JSON.parse(secrets.unseal(sealed, addressPlace(orderId))) as Record<string, string>;
