import { empty, type Sql, sql } from '#kernel/database.ts';
import type { WebhookRow } from './webhook.ts';

/** What is said to whom: of a shipment, the warehouse is told what to pack, and the carrier what to fetch. */
export const EVENTS_OF_ROLE = {
  warehouse: ['fulfilment.shipment-placed', 'fulfilment.shipment-changed', 'fulfilment.shipment-cancelled'],
  carrier: ['fulfilment.shipment-packed', 'fulfilment.shipment-changed'],
} as const;

type Recipient = Pick<WebhookRow, 'partner' | 'partner_key' | 'role'>;

/** Whether it is a partner's: then what concerns one order arrives in order, and holds what the partner may see. */
export const isOrdered = ({ partner, role }: Recipient): boolean => partner !== null || role !== null;

/**
 * SQL that is true of events (`type`, `payload`) that a webhook is told. A partner is told of shipments that go to it, and of those that
 * go to nobody yet where it could take them: what is placed or cancelled as a warehouse, what is packed as a carrier.
 */
export const isTold = ({ partner_key }: Recipient): Sql =>
  partner_key === null
    ? empty
    : sql`and (payload ->> 'warehouse' = ${partner_key} or payload ->> 'carrier' = ${partner_key}
        or (payload ->> 'warehouse' is null and type = any(${EVENTS_OF_ROLE.warehouse}))
        or (payload ->> 'carrier' is null and type = any(${EVENTS_OF_ROLE.carrier})))`;

/** As whom a receiver sees a shipment: the one of a setting as the partner that the shipment goes to, or as the system where there is none. */
export const partnerOf = ({ partner_key, role }: Recipient, payload: Record<string, unknown>): string | null =>
  partner_key ?? ((role === null ? null : payload[role]) as string | null | undefined) ?? null;
