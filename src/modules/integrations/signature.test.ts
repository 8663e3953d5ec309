import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { isWebhookSecret, newWebhookSecret, webhookHeaders } from './signature.ts';

describe('the signature of a webhook', () => {
  const secrets = [newWebhookSecret(), newWebhookSecret()];
  const message = { id: '0199c0de', at: new Date(), body: '{"type":"é"}' };

  test('is known by the official library, with each secret that is valid and no other', () => {
    const headers = webhookHeaders({ ...message, secrets });
    for (const secret of secrets) expect(new Webhook(secret).verify(message.body, headers)).toEqual({ type: 'é' });
    expect(() => new Webhook(newWebhookSecret()).verify(message.body, headers)).toThrow(/No matching signature/);
    expect(() => new Webhook(secrets[0]!).verify(`${message.body} `, headers)).toThrow(/No matching signature/);
  });

  test('is made with 24 to 64 bytes', () => {
    const ofBytes = (bytes: number) => isWebhookSecret(`whsec_${Buffer.alloc(bytes, 1).toString('base64')}`);
    expect([23, 24, 32, 64, 65].map(ofBytes)).toEqual([false, true, true, true, false]);
    expect(['', 'whsec_', 'secret', newWebhookSecret().slice(6), `${newWebhookSecret()} `].map(isWebhookSecret)).toEqual(
      Array(5).fill(false),
    );
  });
});
