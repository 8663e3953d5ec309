import type { Subject } from '#moderation';
import { newId } from '../src/kernel/ids.ts';
import type { World } from './world.ts';

/** Subjects that wait for a moderator in tests, asked for as the module that owns them would. */

export const review = (): Subject => ({ kind: 'review', id: newId() });

export const waiting = (w: World, subject: Subject, more: object = {}): Promise<{ id: string }> =>
  w.ask('moderation', 'enqueue', {
    subject,
    author: newId(),
    reason: 'screening',
    rules: ['english/insult'],
    excerpt: 'You idiot.',
    ...more,
  });

export const rowsOf = (w: World, subject: Subject) =>
  w.sql<{ id: string; state: string }>('select * from moderation.items where subject_id = $1', [subject.id]);
