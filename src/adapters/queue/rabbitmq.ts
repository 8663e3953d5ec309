import { setImmediate } from 'node:timers/promises';
import { type AsyncMessage, Connection, type Publisher } from 'rabbitmq-client';
import { newId } from '#kernel/ids.ts';
import type { Message, OpenQueue, QueuePolicy, Work } from './port.ts';
import { deadLettersIn } from './rabbitmq-dead-letters.ts';
import { type Delivery, type Inbox, openInbox } from './rabbitmq-inbox.ts';
import { DEAD_LETTERS, declareCommon, declareQueue, EXCHANGE, pauseQueue } from './rabbitmq-topology.ts';

const UNKNOWN: QueuePolicy = { seconds: 60, retries: 8, retryDelaySeconds: 1 };
const PREFETCH = 4;
const ANSWER_MS = 5000;

/**
 * Queues of RabbitMQ. The relay publishes with confirms and forgets a row of the outbox only then, so a message may come twice,
 * and never not at all; who handles it acts once. What is given up is a row in the database, where staff can read it.
 */
export const rabbitQueue =
  (url: string): OpenQueue =>
  ({ sql, log, arrived = () => {} }) => {
    const connection = new Connection({ url, connectionName: 'souk', heartbeat: 10, acquireTimeout: ANSWER_MS, retryHigh: 5000 });
    connection.on('error', (error) => log.error({ err: error }, 'the connection to RabbitMQ reported an error'));
    const dead = deadLettersIn(sql);
    const policies = new Map<string, QueuePolicy>();
    const inboxes = new Map<string, Inbox>();
    const deliveries = new WeakMap<Message, Delivery>();
    const returned = new Set<string>();
    const known = new Set<string>();
    let common: Promise<void> | undefined;
    let publisher: Publisher | undefined;

    const policyOf = (queue: string): QueuePolicy => policies.get(queue) ?? UNKNOWN;

    const prepared = (): Promise<void> => {
      common ??= declareCommon(connection).catch((error) => {
        common = undefined;
        throw error;
      });
      return common;
    };

    const ensure = async (queue: string): Promise<void> => {
      await prepared();
      if (known.has(queue)) return;
      await declareQueue(connection, queue);
      known.add(queue);
    };

    /** After an error nothing is taken for granted: the broker may have lost its queues. What is missing is made again. */
    const forget = (error: unknown): never => {
      common = undefined;
      known.clear();
      throw error;
    };

    /** @throws Error unless the broker has confirmed that the message is in a queue. */
    const publish = async (exchange: string, queue: string, rows: unknown, attempt: number): Promise<void> => {
      publisher ??= connection.createPublisher({ confirm: true }).on('basic.return', ({ messageId }) => returned.add(String(messageId)));
      const messageId = newId();
      const sent = publisher.send(
        { exchange, routingKey: queue, durable: true, mandatory: true, messageId, headers: { attempt } },
        { rows },
      );
      await within(ANSWER_MS, sent, `RabbitMQ did not confirm a message for ${queue}.`).catch(forget);
      await setImmediate(); // the library reports a return just after its confirm
      if (returned.delete(messageId)) forget(new Error(`RabbitMQ has no queue ${queue}.`));
    };

    const put = async (queue: string, messages: Work[][]): Promise<void> => {
      await ensure(queue);
      await Promise.all(messages.map((rows) => publish(EXCHANGE, queue, rows, 0)));
    };

    const inboxOf = (queue: string): Inbox => {
      const inbox = inboxes.get(queue) ?? openInbox(connection, queue, policyOf(queue).parallel ?? PREFETCH, () => arrived(queue));
      inboxes.set(queue, inbox);
      return inbox;
    };

    /** Undefined for one that no run can end well: it is buried at once, and holds up nothing. */
    const messageOf = async (queue: string, delivery: Delivery): Promise<Message | undefined> => {
      const { envelope } = delivery;
      const attempt = attemptOf(envelope);
      const rows = rowsOf(envelope);
      if (rows && attempt <= policyOf(queue).retries) {
        const message: Message = { id: String(envelope.messageId ?? newId()), attempt, rows };
        deliveries.set(message, delivery);
        return message;
      }
      const reason = rows ? 'the processes that worked on it ended' : `it is no message of Souk: ${String(envelope.body).slice(0, 200)}`;
      await dead.note({ queue, rows: rows ?? [], reason, tries: attempt }).then(delivery.ack, delivery.requeue);
      return undefined;
    };

    const take = async (queue: string, limit: number): Promise<Message[]> => {
      await ensure(queue);
      const taken = await inboxOf(queue).take(limit).catch(forget);
      const messages = await Promise.all(taken.map((delivery) => messageOf(queue, delivery)));
      return messages.filter((message) => message !== undefined);
    };

    /** What the broker gave up by itself goes where all dead letters are. */
    const collect = async (): Promise<void> => {
      const given = await inboxOf(DEAD_LETTERS).take(20).catch(forget);
      for (const delivery of given) {
        const { envelope } = delivery;
        const reason = 'the processes that worked on it ended';
        const note = { queue: envelope.routingKey, rows: rowsOf(envelope) ?? [], reason, tries: attemptOf(envelope) };
        await dead.note(note).then(delivery.ack, delivery.requeue);
      }
    };

    return {
      async start() {
        await prepared().catch((error) => {
          throw new Error(`RabbitMQ does not answer at BUS_URL: ${error.message}`, { cause: error });
        });
      },
      async declare(queues) {
        for (const [name, policy] of queues) {
          policies.set(name, policy);
          await ensure(name);
        }
      },
      put,
      async due(queues) {
        await collect();
        const looked = queues.map(async (queue) => {
          if (!policies.has(queue)) return [];
          await ensure(queue);
          return (await inboxOf(queue).hasAny().catch(forget)) ? [queue] : [];
        });
        return (await Promise.all(looked)).flat();
      },
      async waiting(queues) {
        const counts = new Map<string, number>();
        for (const queue of queues) {
          await ensure(queue);
          counts.set(queue, (await connection.queueDeclare({ queue, passive: true })).messageCount);
        }
        return counts;
      },
      async remove(queue) {
        known.delete(queue);
        return (await connection.queueDelete({ queue })).messageCount;
      },
      take,
      async done(_queue, message) {
        deliveries.get(message)?.ack();
      },
      async failed(queue, message, reason) {
        const delivery = deliveries.get(message);
        if (!delivery?.isOurs()) return;
        const { retries, retryDelaySeconds } = policyOf(queue);
        try {
          if (message.attempt >= retries) await dead.note({ queue, rows: message.rows, reason, tries: message.attempt + 1 });
          else await publish(pauseQueue(retryDelaySeconds * 2 ** message.attempt) ?? EXCHANGE, queue, message.rows, message.attempt + 1);
          delivery.ack();
        } catch (error) {
          delivery.requeue();
          throw error;
        }
      },
      async alive() {}, // the broker knows by the heartbeats of the connection
      async takeOver() {
        for (const inbox of inboxes.values()) await inbox.reset();
      },
      about: async (id, limit) => ({ work: await dead.about(id, limit), isComplete: false }),
      deadLetters: { ...dead, retry: (id) => dead.retry(id, (queue, rows) => put(queue, [rows])) },
      state: () => (connection.ready ? 'ok' : 'away'),
      async stop() {
        for (const inbox of inboxes.values()) await within(1000, inbox.close(), '').catch(() => {});
        await within(1000, connection.close(), '').catch(() => connection.unsafeDestroy());
      },
    };
  };

/** Runs that we counted, and those that the broker did: it hands out again what a lost process had in hand. */
const attemptOf = ({ headers }: AsyncMessage): number => Number(headers?.attempt ?? 0) + Number(headers?.['x-delivery-count'] ?? 0);

const rowsOf = ({ body }: AsyncMessage): Work[] | undefined => {
  const rows = (body as { rows?: unknown } | null)?.rows;
  return Array.isArray(rows) && rows.every((row) => row && typeof row.id === 'string' && typeof row.name === 'string') ? rows : undefined;
};

async function within<Result>(ms: number, work: Promise<Result>, sentence: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(sentence)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
