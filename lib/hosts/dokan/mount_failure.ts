import { MountError, type MountFailure } from '../../errors.js';
import type { NativeDokanError } from './native.js';

const LIBRARY = 'dokan2.dll';

const INSTALL =
  'Install Dokan: "winget install dokan-dev.Dokany", "choco install dokany2", or ' +
  'https://github.com/dokan-dev/dokany/releases.';

type Diagnosis = Omit<MountFailure, 'mountPoint' | 'cause'>;

const INVALID: Diagnosis = {
  code: 'EINVAL',
  problem: 'Dokan does not take this mount point',
  cure: "Name a drive letter that is free ('M:') or the whole path of an empty folder on NTFS.",
};

/** What the results of DokanCreateFileSystem mean. */
const RESULTS: Partial<Record<number, Diagnosis>> = {
  [-2]: INVALID,
  [-3]: {
    code: 'ERR_DOKAN_NOT_INSTALLED',
    problem: "Dokan's driver is not installed, though its library is",
    cure: `${INSTALL} A restart may be needed.`,
  },
  [-4]: {
    code: 'ERR_DOKAN_DRIVER',
    problem: "Dokan's driver did not start",
    cure: 'Restart Windows; if that does not help, install Dokan again. The event log tells more.',
  },
  [-5]: {
    code: 'EBUSY',
    problem: 'The mount point is taken or cannot be used',
    cure: 'Name a drive letter that is free, or an empty folder on NTFS.',
  },
  [-6]: INVALID,
  [-7]: {
    code: 'ERR_DOKAN_VERSION',
    problem: "Dokan's driver is older than its library, or cannot do what was asked",
    cure: `Restart Windows after an update of Dokan, or update it. ${INSTALL}`,
  },
};

const UNKNOWN: Diagnosis = {
  code: 'EIO',
  problem: 'Dokan could not mount the volume and does not say why',
  cure: "The options 'debug' and 'stderr' make it tell more.",
};

/**
 * The error for something that Dokan refused.
 * @param mountPoint - or what else it was about
 * @param error - as the addon rejects; any other one is passed on
 */
export function mountFailure(mountPoint: string, error: unknown): unknown {
  const diagnosis = diagnose(error as NativeDokanError);
  return diagnosis === undefined
    ? error
    : new MountError({ ...diagnosis, mountPoint, cause: error });
}

function diagnose(error: NativeDokanError): Diagnosis | undefined {
  const { code, detail = LIBRARY, win32Error, libraryVersion } = error;
  switch (code) {
    case 'ELIBRARY':
      return {
        code: 'ERR_DOKAN_NOT_INSTALLED',
        problem: `Dokan is not installed (${detail}, Win32 error ${win32Error ?? 'unknown'})`,
        cure: INSTALL,
      };
    case 'EEXPORT':
      return {
        code: 'ERR_DOKAN_VERSION',
        problem: `Dokan's library lacks ${detail}, which every version 2 has`,
        cure: INSTALL,
      };
    case 'EVERSION':
      return {
        code: 'ERR_DOKAN_VERSION',
        problem: `Dokan ${versionText(libraryVersion)} is installed, and version 2 is needed`,
        cure: INSTALL,
      };
    case 'EMOUNT':
      return RESULTS[error.result ?? -1] ?? UNKNOWN;
    case 'ECLOSED':
      return {
        code: 'EIO',
        problem: 'The volume was closed before it was mounted',
        cure: 'Mount it again.',
      };
    case 'EAGAIN':
      return {
        code: 'EAGAIN',
        problem: 'Windows gave no thread to mount with',
        cure: 'Try again when the system has more room.',
      };
    default:
      return undefined;
  }
}

/** 231 is 2.3.1. */
function versionText(version: number | undefined): string {
  return version === undefined ? 'of another version' : Array.from(String(version)).join('.');
}
