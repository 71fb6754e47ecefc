const NANOSECONDS = 1_000_000n;
/** How far the fine clock may be from the system's before it is set again. */
const TOLERANCE = 50n * NANOSECONDS;

/** What `process.hrtime` (which counts from boot) lacks to the Unix epoch. */
let origin = wallTime() - process.hrtime.bigint();
let latest = 0n;

function wallTime(): bigint {
  return BigInt(Date.now()) * NANOSECONDS;
}

/**
 * The time in nanoseconds since the Unix epoch. Every call answers later than the one before, so
 * that two changes of a file are told apart; only when the system's clock is set does it jump.
 */
export function now(): bigint {
  let time = origin + process.hrtime.bigint();
  const drift = wallTime() - time;
  if (drift > TOLERANCE || drift < -TOLERANCE) {
    origin += drift;
    time += drift;
  } else if (time <= latest) {
    time = latest + 1n;
  }
  latest = time;
  return time;
}
