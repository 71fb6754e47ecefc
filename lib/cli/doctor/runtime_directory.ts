import { readMountInfo } from '../../mounts/mountinfo.js';
import { existingRuntimeDirectory, runtimeDirectory } from '../../mounts/runtime_directory.js';
import { ok, problem, type Finding } from './finding.js';

const CHECK = 'runtime directory';

/** Where the notes about mounts are, and the service's socket. */
export async function checkRuntimeDirectory(): Promise<Finding> {
  try {
    const mounts = process.platform === 'linux' ? await readMountInfo() : [];
    const directory = await existingRuntimeDirectory(mounts);
    return directory === undefined
      ? ok(CHECK, `${runtimeDirectory()} is made when it is needed`)
      : ok(CHECK, `${directory} is this user's alone`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const cure = 'Until then listings do not say who serves what, and the service does not start.';
    return problem(CHECK, reason, cure);
  }
}
