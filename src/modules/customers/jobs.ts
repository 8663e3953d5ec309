import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const forgetAgainJob = job('customers.forget-again', z.object({ accountId: Id }), { seconds: 60 });
