/**
 * What the simulator tells beyond the protocol of the driver's orders. Another library that speaks
 * the protocol (NODE_DOKAN_TEST_LIBRARY) need not tell it: what it does not tell is not checked.
 */
import type { Counters, MountedVolume, Replies, SimulatorClient } from '../simulator/client.js';

/** Ours tells all of it: a test that checks nothing would be a mistake. */
const isSimulator = (process.env['NODE_DOKAN_TEST_LIBRARY'] ?? '') === '';

/**
 * Checks what the library tells, if it does.
 * @throws Error when the simulator does not
 */
export function ifTold<T>(what: string, value: T | undefined, check: (value: T) => void): void {
  if (value !== undefined) check(value);
  else if (isSimulator) throw new Error(`the simulator does not tell ${what}`);
}

/** @throws Error when the library was misused, or tokens were not closed */
export function checkUse({ misuses, tokensOpen }: Counters): void {
  ifTold('misuses', misuses, (all) => {
    if (all.length > 0) throw new Error(`the library was misused:\n${all.join('\n')}`);
  });
  ifTold('tokensOpen', tokensOpen, (count) => {
    if (count > 0) throw new Error(`${String(count)} tokens were not closed`);
  });
}

/** As `checkUse`, of the library now. */
export async function checkUseOf(client: SimulatorClient): Promise<void> {
  checkUse(await client.must('counters'));
}

/** What the library has passed on to the driver. */
export function ifDriverSees(
  { driverSees }: MountedVolume,
  check: (seen: NonNullable<MountedVolume['driverSees']>) => void,
): void {
  ifTold('driverSees', driverSees, check);
}

/** Handles and threads of the whole process; zeros where the library does not count them. */
export async function processCounts(
  client: SimulatorClient,
): Promise<Pick<Replies['process'], 'handles' | 'threads'>> {
  const { status, handles, threads } = await client.order('process', {});
  if (status === 0) return { handles, threads };
  if (isSimulator) throw new Error('the simulator does not count what the process has');
  return { handles: 0, threads: 0 };
}
