import { expect, test } from 'vitest';
import { quietUntil } from './quiet-hours.ts';

const NIGHT = { from: '22:00', until: '07:00' };

test.each([
  // [now, hours, zone, end]
  ['2026-01-10T12:00:00Z', NIGHT, 'Africa/Tunis', null],
  ['2026-01-10T21:00:00Z', NIGHT, 'Africa/Tunis', '2026-01-11T06:00:00.000Z'], // 22:00 there
  ['2026-01-10T20:59:59Z', NIGHT, 'Africa/Tunis', null],
  ['2026-01-11T05:59:59Z', NIGHT, 'Africa/Tunis', '2026-01-11T06:00:00.000Z'],
  ['2026-01-11T06:00:00Z', NIGHT, 'Africa/Tunis', null],
  ['2026-01-10T22:30:00Z', NIGHT, null, '2026-01-11T07:00:00.000Z'], // UTC where no zone is known
  ['2026-01-10T13:30:00Z', { from: '13:00', until: '14:00' }, 'UTC', '2026-01-10T14:00:00.000Z'],
  ['2026-01-10T13:30:00Z', { from: '13:00', until: '13:00' }, 'UTC', null], // no time at all
  // clocks are put forward at 01:00 UTC on 2026-03-29 in Paris, and back at 01:00 UTC on 2026-10-25
  ['2026-03-28T22:00:00Z', NIGHT, 'Europe/Paris', '2026-03-29T05:00:00.000Z'],
  ['2026-10-24T21:00:00Z', NIGHT, 'Europe/Paris', '2026-10-25T06:00:00.000Z'],
  ['2026-03-29T00:30:00Z', { from: '01:00', until: '02:30' }, 'Europe/Paris', '2026-03-29T01:30:00.000Z'], // 02:30 is left out
  ['2026-01-10T21:00:00Z', NIGHT, 'Asia/Kathmandu', '2026-01-11T01:15:00.000Z'],
])('at %s, quiet %j in %s, it waits until %s', (now, hours, zone, end) => {
  expect(quietUntil(new Date(now), hours, zone)?.toISOString() ?? null).toBe(end);
});

test('whenever it is quiet, the end lies within a day, and is not quiet, through both changes of the clock', () => {
  for (const zone of ['Europe/Paris', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca']) {
    for (const hours of [NIGHT, { from: '00:15', until: '02:15' }, { from: '01:30', until: '03:00' }]) {
      for (let at = Date.parse('2026-03-28T00:00:00Z'); at < Date.parse('2026-04-06T00:00:00Z'); at += 37 * 60_000) {
        const end = quietUntil(new Date(at), hours, zone);
        if (!end) continue;
        expect(end.getTime() - at).toBeGreaterThan(0);
        expect(end.getTime() - at).toBeLessThanOrEqual(25 * 3_600_000);
        expect(quietUntil(end, hours, zone), `${zone} ${new Date(at).toISOString()}`).toBeNull();
      }
    }
  }
});
