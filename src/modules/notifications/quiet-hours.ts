/** Hours and minutes on the clock of a person, `22:00` to `07:00`: from the first, up to but without the second. */
export interface QuietHours {
  from: string;
  until: string;
}

const DAY = 24 * 60;

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** What a clock in that time zone is ahead of UTC at that moment, in milliseconds; whole minutes. */
function aheadMs(at: Date, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', dateStyle: 'short', timeStyle: 'short' });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute);
  return wall - Math.floor(at.getTime() / 60_000) * 60_000;
}

const onClock = (at: Date, timeZone: string): number => Math.floor((at.getTime() + aheadMs(at, timeZone)) / 60_000) % DAY;

const isQuiet = ({ from, until }: QuietHours, minute: number): boolean => {
  const [begin, end] = [minutesOf(from), minutesOf(until)];
  return begin <= end ? minute >= begin && minute < end : minute >= begin || minute < end;
};

/**
 * When the quiet hours that it is in end; null when it is in none. Where clocks are put forward or back meanwhile, the end is the moment
 * at which the clock of the person shows it, or the first one after it where the clock leaves it out.
 */
export function quietUntil(now: Date, hours: QuietHours | null, timeZone: string | null): Date | null {
  const zone = timeZone ?? 'UTC';
  if (!hours || !isQuiet(hours, onClock(now, zone))) return null;
  const left = (minutesOf(hours.until) - onClock(now, zone) + DAY) % DAY;
  const plain = new Date(Math.floor(now.getTime() / 60_000 + left) * 60_000);
  const end = new Date(plain.getTime() - (aheadMs(plain, zone) - aheadMs(now, zone)));
  const skipped = isQuiet(hours, onClock(end, zone)) ? plain : end;
  return skipped > now ? skipped : new Date(now.getTime() + 60_000);
}
