import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { dokanVersions, type DokanVersions } from '../../dokan_versions.js';
import type { LibraryOptions } from '../../options.js';
import { ok, problem, type Finding } from './finding.js';

/** The interface that every driver of Dokan 2 has (DOKAN_DRIVER_VERSION). */
const DRIVER_INTERFACE = 0x190;

const INSTALL = 'Install Dokan 2 (winget install dokan-dev.Dokany), and restart Windows.';

/** Which Dokan there is, and whether its parts fit each other. */
export async function checkWindows(library: LibraryOptions): Promise<Finding[]> {
  let versions: DokanVersions;
  try {
    versions = await dokanVersions(library);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem('library', reason, INSTALL)];
  }
  return [
    ok('library', `${versions.libraryPath}, version ${dotted(versions.library)}`),
    await checkDriver(versions),
  ];
}

async function checkDriver({ library, driver }: DokanVersions): Promise<Finding> {
  if (driver === undefined) {
    return problem('driver', "Dokan's driver is not installed or not started", INSTALL);
  }
  const number = `0x${driver.toString(16)}`;
  if (driver !== DRIVER_INTERFACE) {
    const message = `the driver (${number}) does not fit library ${dotted(library)}`;
    return problem('driver', message, `Remove other versions of Dokan. ${INSTALL}`);
  }
  // The interface's number is the same in version 1; the file's name has the major version.
  const major = dotted(library).split('.')[0] ?? '';
  const file = `dokan${major}.sys`;
  const beside = await isThere(join(systemRoot(), 'System32', 'drivers', file));
  const name = beside ? `${file}, of the library's major version` : 'running';
  return ok('driver', `interface ${number}, ${name}`);
}

function systemRoot(): string {
  return process.env['SystemRoot'] ?? 'C:\\Windows';
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** 231 is 2.3.1. */
function dotted(version: number): string {
  return Array.from(String(version)).join('.');
}
