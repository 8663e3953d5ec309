import { setImmediate } from 'node:timers/promises';
import type { AsyncMessage, Channel, Connection } from 'rabbitmq-client';

/** A delivery that nobody has taken yet, or that is in hand. Once its channel is gone, the broker hands it out again. */
export interface Delivery {
  readonly envelope: AsyncMessage;
  /** Whether it is still ours: an answer about one that is not changes nothing. */
  isOurs(): boolean;
  ack(): void;
  requeue(): void;
}

/** What the broker has handed to this process from one queue. */
export interface Inbox {
  /** Takes what is there; while the broker has more for us, waits for it a moment. Oldest first. */
  take(limit: number): Promise<Delivery[]>;
  /** Whether there is a message. Only the first answer asks the broker; later the broker delivers. */
  hasAny(): Promise<boolean>;
  /** Returns all messages to the broker, in hand or not, and starts again. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const ARRIVAL_MS = 250;
/** A cancelled channel is closed when answers under way have come: closing one that the broker has closed ends the connection. */
const CANCELLED_MS = 2000;

/**
 * Consumes a queue, which must be there, with a bounded prefetch. No other process has the messages here, so `prefetch` is how many this process works on
 * at once. A lost channel empties the inbox; the next `take` opens another.
 */
export function openInbox(connection: Connection, queue: string, prefetch: number, arrived: () => void): Inbox {
  let waiting: Delivery[] = [];
  let opening: Promise<Channel> | undefined;
  let current: Channel | undefined;
  let heard: (() => void) | undefined;

  const open = async (): Promise<Channel> => {
    const channel = await connection.acquire();
    current = channel;
    const lost = () => {
      if (current !== channel) return; // another one is open by now
      current = undefined;
      waiting = [];
      opening = undefined;
    };
    channel.once('close', lost);
    channel.on('basic.cancel', () => {
      lost(); // its queue was deleted
      setTimeout(() => channel.active && channel.close().catch(() => {}), CANCELLED_MS).unref();
    });
    await channel.basicQos({ prefetchCount: prefetch });
    await channel.basicConsume({ queue }, (envelope) => {
      waiting.push(deliveryOf(channel, envelope));
      heard?.();
      arrived();
    });
    return channel;
  };

  const opened = (): Promise<Channel> => {
    opening ??= open().catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  /** The broker answers in order: what it sent before its second answer has arrived by then. */
  const closeDrained = async (channel: Channel): Promise<void> => {
    const { messageCount } = await channel.queueDeclare({ queue, passive: true });
    if (waiting.length > 0) return;
    if (messageCount > 0) {
      await new Promise<void>((resolve) => {
        heard = resolve;
        setTimeout(resolve, ARRIVAL_MS);
      });
      heard = undefined;
    } else await channel.basicQos({ prefetchCount: prefetch });
    await setImmediate(); // the library hands a delivery on just after it has read it
  };

  const close = async (): Promise<void> => {
    const channel = await opening?.catch(() => undefined);
    opening = undefined;
    waiting = [];
    await channel?.close();
  };

  return {
    async take(limit) {
      const channel = await opened();
      if (waiting.length === 0) await closeDrained(channel);
      return waiting.splice(0, limit);
    },
    async hasAny() {
      const isNew = !opening;
      const channel = await opened();
      if (isNew && waiting.length === 0) await closeDrained(channel);
      return waiting.length > 0;
    },
    async reset() {
      if (!opening) return;
      await close();
      await opened();
    },
    close,
  };
}

const deliveryOf = (channel: Channel, envelope: AsyncMessage): Delivery => {
  const { deliveryTag } = envelope;
  return {
    envelope,
    isOurs: () => channel.active,
    ack: () => channel.active && channel.basicAck({ deliveryTag }),
    requeue: () => channel.active && channel.basicNack({ deliveryTag, requeue: true }),
  };
};
