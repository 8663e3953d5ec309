import { newId } from '../src/kernel/ids.ts';
import type { Person } from './people.ts';
import type { World } from './world.ts';

/** What people of a world are told, for tests. */
export function noticesOf(w: World) {
  const addressOf = ({ username }: Person) => `${username}@example.com`;
  const mails = (person: Person) => w.adapters.email.items(addressOf(person));
  return {
    addressOf,
    mails,
    subjects: (person: Person) => mails(person).map(({ subject }) => subject),
    listOf: async (person: Person, query = '', headers = {}) => (await person.get(`/v1/notifications${query}`, headers)).body,
    /** Tells somebody something urgent that cannot be turned off. */
    tells: (person: Pick<Person, 'id'>, key: string = newId(), host = 'example.com') =>
      w.ask('notifications', 'notify', { key, accountId: person.id, kind: 'webhook-paused', values: { host } }),
    /** How their messages are on their way, oldest first. */
    sendings: (person: Pick<Person, 'id'>) =>
      w.sql<{ channel: string; state: string; reason: string | null }>(
        `select s.channel, s.state, s.reason from notifications.sendings s join notifications.notifications n on n.id = s.notification_id
         where n.account_id = $1 order by n.id, s.channel`,
        [person.id],
      ),
    idOf: async (person: Pick<Person, 'id'>) =>
      (await w.sql<{ id: string }>('select id from notifications.notifications where account_id = $1', [person.id]))[0]!.id,
  };
}
