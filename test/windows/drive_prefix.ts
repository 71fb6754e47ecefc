import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atExit } from '../support/cleanup.js';
import { temporaryDirectory } from '../support/temporary.js';
import { runWindows, wineEnvironment, winePrefix, type WindowsResult } from '../support/wine.js';

const run = promisify(execFile);

/** What makes a prefix one that is set up. */
const REGISTRY = ['system.reg', 'user.reg', 'userdef.reg', '.update-timestamp'];

/**
 * A prefix of Wine with a directory as a drive. It has a wineserver of its own: that opens files for
 * its programs, and the one of the file system's process would wait for itself.
 */
export class DrivePrefix {
  readonly drive: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #remove: () => void;

  private constructor(drive: string, environment: NodeJS.ProcessEnv, remove: () => void) {
    this.drive = drive;
    this.#environment = environment;
    this.#remove = remove;
  }

  /** @param drive - such as `X:` */
  static async make(drive: string, directory: string): Promise<DrivePrefix> {
    const shared = await winePrefix();
    const temporary = temporaryDirectory();
    const prefix = join(temporary.path, 'prefix');
    const devices = join(prefix, 'dosdevices');
    mkdirSync(devices, { recursive: true });
    for (const name of REGISTRY) copyFileSync(join(shared, name), join(prefix, name));
    // Programs and libraries are hundreds of megabytes, and only read.
    symlinkSync(join(shared, 'drive_c'), join(prefix, 'drive_c'));
    symlinkSync('../drive_c', join(devices, 'c:'));
    symlinkSync('/', join(devices, 'z:'));
    symlinkSync(directory, join(devices, drive.toLowerCase()));
    const environment = { WINEPREFIX: prefix };
    const released = atExit(() => {
      spawnSync('wineserver', ['-k'], { env: wineEnvironment(environment) });
      rmSync(prefix, { recursive: true, force: true });
    });
    return new DrivePrefix(drive, environment, () => {
      released();
      temporary.remove();
    });
  }

  /** Runs commands of cmd.exe, one after the other until one fails. */
  cmd(...commands: string[]): Promise<WindowsResult> {
    return runWindows('cmd', ['/c', commands.join(' && ')], { env: this.#environment });
  }

  async close(): Promise<void> {
    const env = wineEnvironment(this.#environment);
    // Fails when there is none any more.
    await run('wineserver', ['-k'], { env }).catch(() => undefined);
    await run('wineserver', ['-w'], { env });
    this.#remove();
  }
}
