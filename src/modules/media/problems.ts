import { z } from 'zod';
import { problem } from '#kernel/problems.ts';

export const otherFileArrived = problem({
  code: 'media/other-file-arrived',
  status: 409,
  title: 'Another file has arrived already',
  detail: 'Another file was sent to this address before, and it stays. Announce this file to get an address for it.',
});

export const readNotAllowed = problem({
  code: 'media/read-not-allowed',
  status: 403,
  title: 'The address does not show this file',
  members: { reason: z.enum(['SignatureDoesNotMatch', 'AccessDenied']), explanation: z.string() },
  detail: ({ explanation }) => explanation,
});

export const uploadNotAllowed = problem({
  code: 'media/upload-not-allowed',
  status: 403,
  title: 'The upload is not allowed',
  members: { reason: z.enum(['SignatureDoesNotMatch', 'AccessDenied']), explanation: z.string() },
  detail: ({ explanation }) => explanation,
});
