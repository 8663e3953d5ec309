/** Where time comes from. Code asks `ctx.clock`, never `Date.now()`, so that a test lets an hour pass in no time. */
export interface Clock {
  now(): Date;
}

/** The machine's time, moved by a fixed shift (a sandbox may run in the future). */
export function systemClock(shiftMs = 0): Clock {
  return { now: () => new Date(Date.now() + shiftMs) };
}

export interface MovableClock extends Clock {
  advance(ms: number): void;
}

/** A running clock that a test can push forward. */
export function movableClock(): MovableClock {
  let shiftMs = 0;
  return {
    now: () => new Date(Date.now() + shiftMs),
    advance: (ms) => {
      shiftMs += ms;
    },
  };
}

export const seconds = (n: number) => n * 1000;
export const minutes = (n: number) => n * 60_000;
export const hours = (n: number) => n * 3_600_000;
export const days = (n: number) => n * 86_400_000;
