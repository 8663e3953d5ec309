import type { Actor } from '#kernel/context.ts';
import type { Permission } from '#kernel/permissions.ts';
import type { By, ShipmentRow } from './order.ts';

/** Who drives a shipment, and as what. */
export type Driver = By & { kind: 'partner' | 'seller' | 'staff' | 'system' };

export type DrivingCommand = 'pack' | 'ship' | 'deliver';

/** A key speaks for its partner; the system drives what nobody else does; an account with the permission is staff; anybody else can only be a seller. */
export function driverOf(actor: Actor, permission: Permission): Driver {
  if (actor.kind === 'key') return { kind: 'partner', id: actor.partner };
  if (actor.kind === 'system') return { kind: 'system', id: null };
  return { kind: actor.permissions.has(permission) ? 'staff' : 'seller', id: actor.id };
}

/**
 * Whether somebody may drive a shipment at all; to others it is not there. A shipment that is sent to a partner is that partner's alone
 * among partners. One that is sent to nobody is for the first partner that takes the step; what
 * was cancelled before that is there for them, so that they are told why nothing can be done.
 */
export function reaches(driver: Driver, shipment: ShipmentRow, command: DrivingCommand): boolean {
  if (driver.kind === 'staff' || driver.kind === 'system') return true;
  if (driver.kind === 'seller') return shipment.seller_id === driver.id;
  if (driver.id === null) return false;
  if (command === 'pack')
    return shipment.warehouse === null ? ['placed', 'cancelled'].includes(shipment.state) : shipment.warehouse === driver.id;
  if (shipment.carrier !== null) return shipment.carrier === driver.id;
  return ['placed', 'packed', 'cancelled', ...(command === 'deliver' ? ['shipped'] : [])].includes(shipment.state);
}

/** Whether a partner sees a shipment: the warehouse always, the carrier once it is packed. */
export const isSentTo = (partner: string, { warehouse, carrier, state }: Pick<ShipmentRow, 'warehouse' | 'carrier' | 'state'>): boolean =>
  warehouse === partner || (carrier === partner && state !== 'placed');

/** A seller ships what no warehouse has packed, and delivers what no carrier has shipped. */
export const isTakenOver = (driver: Driver, { packed_by_kind, shipped_by_kind }: ShipmentRow, command: DrivingCommand): boolean =>
  driver.kind === 'seller' &&
  ((command === 'ship' && packed_by_kind === 'partner') || (command === 'deliver' && (shipped_by_kind ?? packed_by_kind) === 'partner'));
