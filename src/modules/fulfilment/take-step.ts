import { z } from 'zod';
import { listOf } from '#kernel/machine.ts';
import { invalid, notFound, problem } from '#kernel/problems.ts';
import { Id, line, type Nothing } from '#kernel/shapes.ts';
import { type Change, move, nextVersion, reach } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finished } from './finish-order.ts';
import type { ShipmentRow } from './order.ts';
import { type Driver, type DrivingCommand, driverOf, isTakenOver, reaches } from './reach.ts';
import { type Outcome, runCommand } from './run-command.ts';
import { shipmentMachine } from './shipment-state.ts';
import { type DrivenOrder, drivenOrder } from './show-order.ts';
import { restOf, sumOf } from './units.ts';

const Item = z
  .strictObject({ productId: Id.optional(), variantId: Id.optional(), quantity: z.int().min(1).optional() })
  .refine((item) => item.productId !== undefined || item.variantId !== undefined, {
    error: 'needs a productId or a variantId',
    path: ['variantId'],
  });

export const Step = z
  .strictObject({
    tracking: line(100).optional().meta({ description: "The carrier's number of the parcel" }),
    carrier: line(80).optional().meta({ description: 'What the buyer knows the carrier by; the name of the partner when absent' }),
    items: z.array(Item).max(100).optional().meta({ description: 'Only the shipment of these items. A shipment goes as a whole' }),
    shipmentId: Id.optional().meta({ description: 'Only this shipment; without it and without items, all that the caller may drive' }),
  })
  .meta({ id: 'ShipmentStep', example: { tracking: 'TN-4711', carrier: 'Carthage Couriers' } });

export const takenOver = problem({
  code: 'fulfilment/taken-over',
  status: 409,
  title: 'A partner has this shipment',
  detail: 'A partner has packed or shipped this shipment, so it says what happens next.',
});

export const goesAsAWhole = problem({
  code: 'fulfilment/goes-as-a-whole',
  status: 409,
  title: 'A shipment goes as a whole',
  members: { variantId: z.string(), quantity: z.int() },
  detail: ({ variantId, quantity }) =>
    `A shipment is packed, shipped and delivered with all of its units, and no others: ${quantity} of ${variantId} belong to it. Refund what cannot be sent.`,
});

export const packProblems = [shipmentMachine.wrongState, goesAsAWhole];
export const wayProblems = [...packProblems, takenOver];

const REACHES = { pack: 'packed', ship: 'shipped', deliver: 'delivered' } as const;

type Step = z.infer<typeof Step>;
const SCOPES = { pack: 'orders:pack', ship: 'orders:ship', deliver: 'orders:deliver' } as const;

/**
 * Packs, ships or delivers what the caller may drive of an order: a partner what is sent to it, a seller the own shipment, staff all.
 * A repeated call answers as before and causes nothing.
 */
export async function takeStep(ctx: FulfilmentContext, command: DrivingCommand, orderId: string, step: Step): Promise<DrivenOrder> {
  const driver = driverOf(ctx.actor, SCOPES[command]);
  const { order, shown } = await commanded(ctx, driver, command, orderId, step);
  return drivenOrder(ctx, order, driver, shown);
}

/** The reply to a step that was taken before: what the driver sees of the order today. @throws notFound where nothing of it is theirs any more. */
export async function showStep(ctx: FulfilmentContext, command: DrivingCommand, orderId: string): Promise<DrivenOrder> {
  const { order, shown } = await finished(ctx, orderId);
  return drivenOrder(ctx, order, driverOf(ctx.actor, SCOPES[command]), shown);
}

/** The same for another module, which is not shown the order. */
export async function driveOrder(
  ctx: FulfilmentContext,
  { orderId, command }: { orderId: string; command: DrivingCommand },
): Promise<Nothing> {
  await commanded(ctx, driverOf(ctx.actor, SCOPES[command]), command, orderId, {});
  return {};
}

const commanded = (ctx: FulfilmentContext, driver: Driver, command: DrivingCommand, orderId: string, step: Step): Promise<Outcome> =>
  runCommand(ctx, orderId, driver, (change) => {
    for (const shipment of chosen(change.order.shipments, driver, command, step)) drive(ctx, change, driver, shipment, command, step);
  });

/** The shipments that a call is about: all that are ready for it, else one that shows why nothing happens. @throws notFound where nothing is the caller's. */
function chosen(all: readonly ShipmentRow[], driver: Driver, command: DrivingCommand, { shipmentId, items = [] }: Step): ShipmentRow[] {
  const reached = all.filter((shipment) => reaches(driver, shipment, command) && (shipmentId === undefined || shipment.id === shipmentId));
  if (reached.length === 0) throw notFound();
  const wanted = ofItems(reached, items, command);
  const leadsOn = ({ state }: ShipmentRow) =>
    shipmentMachine.transitions.some((way) => way.command === command && way.to !== state && listOf(way.from).includes(state as never));
  const ready = wanted.filter(leadsOn);
  if (ready.length > 0) return ready;
  const early = wanted.filter(({ state }) => state === 'placed');
  const repeated = wanted.filter(({ state }) => state === REACHES[command]);
  return [early, repeated, wanted].find((some) => some.length > 0)!.slice(0, 1);
}

type Named = NonNullable<Step['items']>;
type Line = ShipmentRow['lines'][number];

/** @throws invalid when an item is in none of them, goesAsAWhole when it is a part of one, or more. */
function ofItems(reached: readonly ShipmentRow[], items: Named, command: DrivingCommand): readonly ShipmentRow[] {
  if (items.length === 0) return reached;
  const unknown = items.findIndex((item) => !reached.some(({ lines }) => lines.some(fits(item))));
  if (unknown >= 0)
    throw invalid({ errors: [{ pointer: `/items/${unknown}`, detail: 'is in no shipment of this order that you may see', in: 'body' }] });
  const wanted = reached.filter(({ lines }) => items.some((item) => lines.some(fits(item))));
  for (const shipment of wanted) refuseOtherUnits(shipment, items, command);
  return wanted;
}

const fits = (item: Named[number]) => (line: Line) =>
  (item.variantId === undefined || line.variant_id === item.variantId) &&
  (item.productId === undefined || line.product_id === item.productId);

/** All units that were not refunded belong to a shipment. A repeated call may name those too that were refunded since. */
function refuseOtherUnits({ state, lines }: ShipmentRow, items: Named, command: DrivingCommand): void {
  const left = ({ quantity, refunded }: Line) => quantity - refunded;
  const most = (line: Line) => (state === REACHES[command] ? line.quantity : left(line));
  for (const line of lines) {
    const named = items.filter((item) => fits(item)(line));
    const units = named.reduce((sum, item) => sum + (item.quantity ?? left(line)), 0);
    const together = lines.filter((one) => named.some((item) => fits(item)(one))).reduce((sum, one) => sum + most(one), 0);
    if (units < left(line) || units > together) throw goesAsAWhole({ variantId: line.variant_id, quantity: left(line) });
  }
}

function drive(ctx: FulfilmentContext, change: Change, driver: Driver, shipment: ShipmentRow, command: DrivingCommand, step: Step): void {
  if (isTakenOver(driver, shipment, command)) throw takenOver();
  const next = shipmentMachine.after(shipment.state, command);
  if (next === shipment.state) return;
  if (command === 'pack') {
    if (driver.kind === 'partner') shipment.warehouse = driver.id;
    shipment.packed_by_kind = driver.kind;
  } else ship(change, driver, shipment, command, step);
  if (command === 'deliver') noteDelivery(ctx, change, shipment);
  move(change, shipment, command);
}

/** Who ships has the shipment from then on. What is delivered without having been shipped was shipped by who delivers it. */
function ship(change: Change, driver: Driver, shipment: ShipmentRow, command: DrivingCommand, { tracking, carrier }: Step): void {
  if (driver.kind === 'partner') shipment.carrier = driver.id;
  shipment.tracking = tracking ?? shipment.tracking;
  shipment.carrier_name = carrier ?? shipment.carrier_name;
  if (shipment.state !== 'packed') return;
  shipment.shipped_by_kind = driver.kind;
  if (command === 'deliver') reach(change, shipment, 'shipped');
}

/** From now on the days of completion and of returns run. Cash is what the courier was told to collect. */
function noteDelivery(ctx: FulfilmentContext, change: Change, shipment: ShipmentRow): void {
  shipment.delivered_at = change.at.toISOString();
  shipment.complete_at = new Date(change.at.getTime() + ctx.settings.completionMs).toISOString();
  shipment.delivered_version = nextVersion(change);
  if (change.order.payment !== 'cash_on_delivery') return;
  const rest = sumOf(shipment.lines.map(restOf));
  shipment.cash_amount = rest.amount;
  shipment.cash_commission = rest.commission;
}
