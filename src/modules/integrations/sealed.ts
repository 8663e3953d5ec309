import type { SealedColumn } from '#kernel/reseal.ts';

export const secretPlace = (webhookId: string): string => `integrations.secret:${webhookId}`;
export const oldSecretPlace = (webhookId: string): string => `integrations.old-secret:${webhookId}`;
export const answerPlace = (deliveryId: string): string => `integrations.answer:${deliveryId}`;

export const sealed: readonly SealedColumn[] = [
  { table: 'integrations.webhooks', column: 'secret_sealed', place: secretPlace },
  { table: 'integrations.webhooks', column: 'old_secret_sealed', place: oldSecretPlace },
  { table: 'integrations.deliveries', column: 'answer_sealed', place: answerPlace },
];
