import { z } from 'zod';
import { problem } from '#kernel/problems.ts';

export const uploadNotAllowed = problem({
  code: 'media/upload-not-allowed',
  status: 403,
  title: 'The upload is not allowed',
  members: { reason: z.enum(['SignatureDoesNotMatch', 'AccessDenied']), explanation: z.string() },
  detail: ({ explanation }) => explanation,
});
