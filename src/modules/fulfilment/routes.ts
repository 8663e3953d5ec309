import { get, owned, permitted, post, sentOr } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { Order } from '#orders';
import { balanceTooLarge } from '#wallet';
import { Cancellation, cancelOrder, showCancelled } from './cancel-order.ts';
import type { FulfilmentContext } from './context.ts';
import { Acceptance, decideReturn, Refusal, showDecided } from './decide-return.ts';
import { listReturns, ReturnsQuery } from './list-returns.ts';
import { listShipments, readShipment, ShipmentsQuery } from './list-shipments.ts';
import { RefundRequest, refundUnits } from './refund-units.ts';
import { notReturnable, ReturnRequest, requestReturn } from './request-return.ts';
import { Return, tooManyUnits } from './return.ts';
import { returnMachine } from './return-state.ts';
import { Shipment, ShipmentInFull } from './shipment.ts';
import { shipmentMachine } from './shipment-state.ts';
import { DrivenOrder } from './show-order.ts';
import { packProblems, Step, showStep, takeStep, wayProblems } from './take-step.ts';

export const routes = [
  post('/orders/{id}/packed', {
    summary: 'An order is packed',
    description:
      'Packs what the caller may drive of an order: the warehouse what is sent to it, a seller the own shipment, staff all. A repeated call answers as before.',
    access: owned('shipment', 'orders:pack'),
    body: Step,
    returns: DrivenOrder,
    problems: packProblems,
    handle: (ctx: FulfilmentContext, { params, body }) => takeStep(ctx, 'pack', params.id, body),
    again: (ctx: FulfilmentContext, { params }) => showStep(ctx, 'pack', params.id),
  }),
  post('/orders/{id}/shipped', {
    summary: 'An order is on its way',
    description: 'The parcel has left, with the number by which the buyer can follow it. A repeated call answers as before.',
    access: owned('shipment', 'orders:ship'),
    body: Step,
    returns: DrivenOrder,
    problems: wayProblems,
    handle: (ctx: FulfilmentContext, { params, body }) => takeStep(ctx, 'ship', params.id, body),
    again: (ctx: FulfilmentContext, { params }) => showStep(ctx, 'ship', params.id),
  }),
  post('/orders/{id}/delivered', {
    summary: 'An order has arrived',
    description:
      'The buyer has the parcel: the seller is owed the money, and cash on delivery counts as collected. What is packed counts as shipped as well. A repeated call answers as before.',
    access: owned('shipment', 'orders:deliver'),
    body: Step,
    returns: DrivenOrder,
    problems: wayProblems,
    handle: (ctx: FulfilmentContext, { params, body }) => takeStep(ctx, 'deliver', params.id, body),
    again: (ctx: FulfilmentContext, { params }) => showStep(ctx, 'deliver', params.id),
  }),
  post('/orders/{id}/cancel', {
    summary: 'Cancel an order that is not packed',
    description:
      'Gives up an order of which nothing is packed yet, or one shipment of it. The stock and the money come back at once. A repeated call answers as before.',
    access: owned('order', 'orders:refund'),
    mfa: 'staff',
    body: Cancellation,
    returns: Order,
    problems: [shipmentMachine.wrongState, balanceTooLarge],
    handle: (ctx: FulfilmentContext, { params, body, owner }) => cancelOrder(ctx, params.id, owner, body),
    again: (ctx: FulfilmentContext, { params, owner }) => showCancelled(ctx, params.id, owner),
  }),
  post('/orders/{id}/returns', {
    summary: 'Ask to return items',
    description:
      'Possible for some days after the delivery (`RETURN_DAYS`), line by line, with a reason. The seller, or staff, accepts or refuses.',
    access: owned('order'),
    idempotent: true,
    body: ReturnRequest,
    returns: Order,
    problems: [notReturnable, tooManyUnits],
    handle: (ctx: FulfilmentContext, { params, body, key }) => requestReturn(ctx, params.id, body, key),
  }),
  get('/orders/{id}/returns', {
    summary: 'The returns of an order',
    description: 'Oldest first. The buyer sees all, a seller those of the own shipment.',
    access: owned('order', 'orders:read'),
    query: ReturnsQuery,
    returns: page(Return),
    problems: [],
    handle: (ctx: FulfilmentContext, { params, owner, query }) => listReturns(ctx, params.id, owner, query),
  }),
  post('/orders/{id}/returns/{returnId}/acceptance', {
    summary: 'Accept a return',
    description: 'The units come back into the stock, and their money goes back to the buyer. A repeated call answers as before.',
    access: owned('return', 'orders:refund'),
    mfa: 'staff',
    body: Acceptance,
    returns: Return,
    problems: [returnMachine.wrongState, balanceTooLarge],
    handle: (ctx: FulfilmentContext, { params, body, owner }) => decideReturn(ctx, params, owner, 'accept', body.reason),
    again: (ctx: FulfilmentContext, { params, owner }) => showDecided(ctx, params, owner),
  }),
  post('/orders/{id}/returns/{returnId}/refusal', {
    summary: 'Refuse a return',
    description: 'With a reason for the buyer. Nothing moves. A repeated call answers as before.',
    access: owned('return', 'orders:refund'),
    mfa: 'staff',
    body: Refusal,
    returns: Return,
    problems: [returnMachine.wrongState],
    handle: (ctx: FulfilmentContext, { params, body, owner }) => decideReturn(ctx, params, owner, 'refuse', body.reason),
    again: (ctx: FulfilmentContext, { params, owner }) => showDecided(ctx, params, owner),
  }),
  post('/orders/{id}/refunds', {
    summary: 'Refund items of an order',
    description:
      'Staff refund units whatever the state of the order: their money goes back to the buyer, the commission with it. When all units of a shipment are refunded, it has ended.',
    access: permitted('orders:refund'),
    mfa: true,
    idempotent: 'required',
    body: RefundRequest,
    returns: Order,
    problems: [tooManyUnits, balanceTooLarge],
    handle: (ctx: FulfilmentContext, { params, body, key }) => refundUnits(ctx, params.id, body, key),
  }),
  get('/shipments', {
    summary: 'Shipments, newest first',
    description: 'A seller sees the own ones, a partner what is sent to it, staff with `orders:read` all.',
    access: sentOr('orders:read', 'orders:pack', 'orders:ship', 'orders:deliver'),
    query: ShipmentsQuery,
    returns: page(Shipment),
    problems: [],
    handle: (ctx: FulfilmentContext, { query }) => listShipments(ctx, query),
  }),
  get('/shipments/{id}', {
    summary: 'A shipment and its way',
    description: 'For its seller, its buyer, the partners that it is sent to, and staff. A partner sees no prices but the cash to collect.',
    access: sentOr('orders:read', 'orders:pack', 'orders:ship', 'orders:deliver'),
    returns: ShipmentInFull,
    problems: [],
    handle: (ctx: FulfilmentContext, { params }) => readShipment(ctx, params.id),
  }),
];
