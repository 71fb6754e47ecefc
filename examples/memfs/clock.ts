const NANOSECONDS = 1_000_000n;
/** How far the fine clock may be from the system's before it is set again. */
const TOLERANCE = 50n * NANOSECONDS;
/** How often to compare them, which takes longer than telling the time. */
const CHECK_INTERVAL = 10n * NANOSECONDS;

/** What `process.hrtime` (which counts from boot) lacks to the Unix epoch. */
let origin = wallTime() - process.hrtime.bigint();
let nextCheck = 0n;
let latest = 0n;

function wallTime(): bigint {
  return BigInt(Date.now()) * NANOSECONDS;
}

/** Follows the system's clock when that was set. */
function check(sinceBoot: bigint): void {
  nextCheck = sinceBoot + CHECK_INTERVAL;
  const drift = wallTime() - (origin + sinceBoot);
  if (drift <= TOLERANCE && drift >= -TOLERANCE) return;
  origin += drift;
  latest = 0n;
}

/**
 * The time in nanoseconds since the Unix epoch. Every call answers later than the one before, so
 * that two changes of a file are told apart; only when the system's clock is set does it jump.
 */
export function now(): bigint {
  const sinceBoot = process.hrtime.bigint();
  if (sinceBoot >= nextCheck) check(sinceBoot);
  const time = origin + sinceBoot;
  latest = time > latest ? time : latest + 1n;
  return latest;
}
