export interface Clock {
  now(): number;
}

export class WallClock implements Clock {
  now(): number {
    return Date.now();
  }
}

export const minutes = (clock: Clock): number => Math.floor(clock.now() / 60_000);
