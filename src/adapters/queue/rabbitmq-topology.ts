import type { Channel, Connection } from 'rabbitmq-client';

/** Every message enters here, by the name of its queue: others may bind queues of their own, such as `*.order-placed.*`. */
export const EXCHANGE = 'souk';
/** What the broker itself gives up: a message that ended the processes that had it, again and again. */
export const DEAD_LETTERS = 'souk.dead-letters';
/** How often the broker hands out a message whose process dies. The policies of Souk end earlier; this is the last line. */
const DELIVERY_LIMIT = 20;
/** Seconds, each a queue in which a failed message waits for its next try. */
const PAUSES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Where a message waits for about that many seconds; undefined when it need not wait. */
export const pauseQueue = (seconds: number): string | undefined =>
  seconds > 0 ? `souk.again-in-${PAUSES.find((pause) => pause >= seconds) ?? PAUSES.at(-1)}s` : undefined;

/** The exchanges, the dead letters and the queues of pauses. Each is made where it is missing. */
export async function declareCommon(connection: Connection): Promise<void> {
  await connection.exchangeDeclare({ exchange: EXCHANGE, type: 'topic', durable: true });
  await connection.exchangeDeclare({ exchange: DEAD_LETTERS, type: 'fanout', durable: true });
  await connection.queueDeclare({ queue: DEAD_LETTERS, durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await connection.queueBind({ exchange: DEAD_LETTERS, queue: DEAD_LETTERS });
  for (const seconds of PAUSES) {
    const name = pauseQueue(seconds) as string;
    await connection.exchangeDeclare({ exchange: name, type: 'fanout', durable: true });
    const back = { 'x-message-ttl': seconds * 1000, 'x-dead-letter-exchange': EXCHANGE, 'x-dead-letter-strategy': 'at-least-once' };
    await connection.queueDeclare({
      queue: name,
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish', ...back },
    });
    await connection.queueBind({ exchange: name, queue: name });
  }
}

/**
 * Makes a queue where it is missing. One of a subscription (`catalog/inventory.levels-changed.v1`) is worked on by one process
 * at a time, and by the next one when that is gone: so the events of a subject are acted on in order.
 */
export async function declareQueue(channel: Channel | Connection, queue: string): Promise<void> {
  await channel.queueDeclare({
    queue,
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': DELIVERY_LIMIT,
      'x-dead-letter-exchange': DEAD_LETTERS,
      ...(queue.includes('/') ? { 'x-single-active-consumer': true } : {}),
    },
  });
  await channel.queueBind({ exchange: EXCHANGE, queue, routingKey: queue });
}
