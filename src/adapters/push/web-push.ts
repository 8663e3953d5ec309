import { createHash } from 'node:crypto';
import { OutgoingFailure, type OutgoingHttp } from '#adapters/outgoing-http/port.ts';
import type { Push } from './port.ts';

export interface VapidSettings {
  publicKey: string;
  privateKey: string;
  /** Whom the push service may write to: `mailto:…` or `https://…`. */
  subject: string;
}

/** How long a push service stores a message for a device that is away: a day. */
const TTL_SECONDS = 86_400;

/** Web Push with VAPID: encrypted for the browser (RFC 8291), sent by guarded HTTP, since browsers name the address. */
export function webPushSender(vapidDetails: VapidSettings, http: OutgoingHttp): Push {
  return {
    publicKey: vapidDetails.publicKey,
    refusalOf: http.refusalOf,
    async send({ key, subscription, payload, urgent, signal }) {
      const { default: webPush } = await import('web-push');
      const { headers, body } = webPush.generateRequestDetails(subscription, JSON.stringify(payload), {
        vapidDetails,
        TTL: TTL_SECONDS,
        urgency: urgent ? 'high' : 'normal',
        topic: topicOf(key),
        contentEncoding: 'aes128gcm',
      });
      const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
      delete sent['content-length'];
      try {
        const { status } = await http.post({ url: subscription.endpoint, headers: sent, body: body!, signal });
        if (status >= 200 && status < 300) return 'sent';
        if (status === 404 || status === 410) return 'gone'; // 400, 401 and 403 may be our own keys or clock
        throw new Error(`The push service answered ${status}.`);
      } catch (error) {
        if (error instanceof OutgoingFailure && (error.reason === 'address' || error.reason === 'url')) return 'gone';
        throw error;
      }
    },
  };
}

/** RFC 8030, 5.4: a message with the topic of one that waits replaces it, so that one sent again shows once. 32 letters at most. */
const topicOf = (key: string): string => createHash('sha256').update(key).digest('base64url').slice(0, 32);
