/** What must never be there of orders on their way, once everything is finished. */

const WAY = `array['placed', 'packed', 'shipped', 'delivered', 'completed']`;

/** The rule by which an order follows its shipments, said in SQL and not by the code. */
const RULE = `
  select order_id, coalesce(
    (${WAY})[min(array_position(${WAY}, state))],
    case when bool_or(state = 'refunded') then 'refunded' when bool_or(state = 'returned') then 'returned' else 'cancelled' end) as state
  from fulfilment.shipments group by 1`;

/** How often each buyer must be told of what: once for each call, whose steps have one version, even if it moved the shipments of two sellers. */
const DUE = `
  select f.buyer as account_id, 'order-' || s.reached as kind, f.order_id, count(distinct s.version) as often
  from fulfilment.steps as s join fulfilment.shipments as sh on sh.id = s.shipment_id join fulfilment.orders as f on f.order_id = sh.order_id
  where s.reached in ('packed', 'shipped', 'delivered') and not (s.reached = 'shipped' and exists (
    select from fulfilment.steps as d where d.shipment_id = s.shipment_id and d.reached = 'delivered' and d.version = s.version)) -- it is told as delivered
  group by 1, 2, 3`;

export const FAULTS_ON_THE_WAY: Record<string, string> = {
  'placed orders without their shipments': `
    select o.id from orders.orders as o
    where o.state not in ('placing', 'rejected') and (select count(*) from fulfilment.shipments as s where s.order_id = o.id)
      <> (select count(distinct l.seller_id) from orders.lines as l where l.order_id = o.id)`,
  'orders whose state does not follow from their shipments': `
    select o.id, o.state, r.state as follows, o.version, f.version as of from orders.orders as o
    join (${RULE}) as r on r.order_id = o.id join fulfilment.orders as f on f.order_id = o.id
    where (o.state, o.version) is distinct from (r.state, f.version)`,
  'shipments that their order shows otherwise': `
    select s.id, s.state, shown.state as shown from fulfilment.shipments as s join orders.orders as o on o.id = s.order_id
    left join jsonb_to_recordset(o.shipments) as shown (id uuid, state text, refunded bigint) on shown.id = s.id
    where (s.state, s.refunded) is distinct from (shown.state, shown.refunded)`,
  'steps that their order does not show, or shows twice': `
    select shipment_id, reached from (
      select shipment_id, reached, 1 as n from fulfilment.steps where reached <> 'placed'
      union all select shipment_id, reached, -1 from orders.steps where refund is null) as step
    group by 1, 2 having sum(n) <> 0`,
  'steps that were not announced exactly once': `
    select s.shipment_id, s.reached, count(e.id) as told from fulfilment.steps as s
    left join told.outbox as e on e.name = 'fulfilment.shipment-' || s.reached || '.v1' and e.payload ->> 'shipmentId' = s.shipment_id::text
    group by 1, 2 having count(e.id) <> 1`,
  'units that came back otherwise than was decided': `
    select coalesce(r.id, p.key) as id, r.units, p.units as back from (
      select r.id, sum((unit ->> 'quantity')::bigint) as units from fulfilment.refunds as r, jsonb_array_elements(r.lines) as unit where r.restock group by 1) as r
    full join (select key, (select sum(n) from unnest(quantities) as n)::bigint as units from inventory.put_backs) as p on p.key = r.id
    where r.units is distinct from p.units`,
  'refunds whose money did not go back exactly once': `
    select coalesce('refund:' || r.id, j.key) as key, r.amount, j.amount as moved
    from (select * from fulfilment.refunds where payment_key is not null and amount > 0) as r
    full join (select j.key, sum(t.amount)::bigint as amount from wallet.journals as j join wallet.transfers as t on t.journal_id = j.id
      where j.key like 'refund:%' group by 1) as j on j.key = 'refund:' || r.id
    where r.amount is distinct from j.amount`,
  'shipments that are delivered and not owed to their seller, or the other way round': `
    select s.id, s.state, p.delivered from fulfilment.shipments as s join fulfilment.orders as f on f.order_id = s.order_id
    join wallet.payment_shares as p on p.payment_id = s.order_id and (p.payee = s.seller_id::text or p.payee = 'platform')
    where (select count(*) from fulfilment.shipments as other where other.order_id = s.order_id) = 1
      and (s.delivered_at is null) is distinct from (p.delivered is null)`,
  'units that were refunded otherwise than the lines say': `
    select l.shipment_id, l.variant_id, l.refunded, sum((unit ->> 'quantity')::int) as units from fulfilment.lines as l
    left join fulfilment.refunds as r on r.shipment_id = l.shipment_id
    left join jsonb_array_elements(r.lines) as unit on unit ->> 'variantId' = l.variant_id::text
    group by 1, 2, 3 having l.refunded <> coalesce(sum((unit ->> 'quantity')::int), 0)`,
  'people who were not told exactly once of a step': `
    select due.*, count(n.id) as told from (${DUE}) as due
    left join notifications.notifications as n on n.account_id = due.account_id and n.kind = due.kind and n.values ->> 'order' = due.order_id::text
    group by 1, 2, 3, 4 having count(n.id) <> due.often`,
};
