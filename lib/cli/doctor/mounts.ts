import { listMounts, type MountEntry } from '../../mounts/list.js';
import type { LibraryOptions } from '../../options.js';
import { quoted } from '../quoted.js';
import { ok, problem, warning, type Finding } from './finding.js';

/** Volumes whose process is dead or hangs, each with what takes it away. */
export async function checkMounts(library: LibraryOptions): Promise<Finding[]> {
  let mounts: MountEntry[];
  try {
    mounts = await listMounts(library);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem('mounts', `the mounted volumes cannot be listed: ${reason}`, 'See above.')];
  }
  const stale = mounts.flatMap(staleMount);
  return stale.length > 0 ? stale : [ok('mounts', `${mounts.length} mounted, none dead or hung`)];
}

const WHAT = {
  dead: 'the process that served it is gone',
  hung: 'its process does not answer',
} as const;

function staleMount(mount: MountEntry): Finding[] {
  const { mountPoint, state, processId, userId } = mount;
  if (state !== 'dead' && state !== 'hung') return [];
  const who = processId === undefined ? '' : ` (process ${processId})`;
  const message = `${mountPoint} is ${state}: ${WHAT[state]}${who}`;
  const command = `dokan unmount --force ${quoted(mountPoint)}`;
  const own = process.getuid === undefined || userId === undefined || userId === process.getuid();
  if (own) return [problem('mounts', message, `Take it away: ${command}`)];
  // Somebody else's is no problem of this user.
  const privileged = `${command} --all-sessions`;
  return [
    warning('mounts', message, `User ${userId}, or root with "${privileged}", can remove it.`),
  ];
}
