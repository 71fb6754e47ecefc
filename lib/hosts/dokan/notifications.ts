import type { Notifications } from '../host.js';
import type { NativeVolume } from './native.js';

/** The kinds of `NativeVolume.notify`. */
const NotifyAction = {
  CREATE: 0,
  DELETE: 1,
  UPDATE: 2,
  EXTENDED_ATTRIBUTES: 3,
  RENAME: 4,
} as const;

const ANY_DRIVE = 'M:';

/** Tells programs that watch directories what has changed without them. */
export class DokanNotifications implements Notifications {
  readonly #native: NativeVolume;
  /** Dokan strips two characters of a path, whatever the mount point is, and no more. */
  readonly #prefix: string;

  constructor(native: NativeVolume, mountPoint: string) {
    this.#native = native;
    this.#prefix = /^[A-Za-z]:/.exec(mountPoint)?.[0] ?? ANY_DRIVE;
  }

  created(path: string, isDirectory: boolean): boolean {
    return this.#tell(NotifyAction.CREATE, path, undefined, isDirectory);
  }

  deleted(path: string, isDirectory: boolean): boolean {
    return this.#tell(NotifyAction.DELETE, path, undefined, isDirectory);
  }

  updated(path: string): boolean {
    return this.#tell(NotifyAction.UPDATE, path, undefined, false);
  }

  renamed(path: string, newPath: string, isDirectory: boolean): boolean {
    return newPath.startsWith('/') && this.#tell(NotifyAction.RENAME, path, newPath, isDirectory);
  }

  #tell(action: number, path: string, newPath: string | undefined, isDirectory: boolean): boolean {
    if (!path.startsWith('/')) return false;
    return this.#native.notify(
      action,
      this.#windowsPath(path),
      newPath === undefined ? undefined : this.#windowsPath(newPath),
      isDirectory,
      newPath !== undefined && directoryOf(path) === directoryOf(newPath),
    );
  }

  #windowsPath(path: string): string {
    return this.#prefix + path.replaceAll('/', '\\');
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
