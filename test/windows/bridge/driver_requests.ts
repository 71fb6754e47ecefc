import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  ShareAccess,
} from '../../../lib/constants.js';
import type { DokanError } from '../../../lib/errors.js';
import { CreateInformation } from '../../../lib/hosts/loopback/backend.js';
import { Listing, type ListingGuard } from '../../../lib/listing.js';
import type { CreateFileRequest, CreateResult, DokanOperations } from '../../../lib/operations.js';
import { IoFlags, type Open } from '../../../lib/target.js';

/** What Windows has no requests for. */
export const POSIX_ONLY: ReadonlySet<keyof DokanOperations> = new Set([
  'setMode',
  'setOwner',
  'readLink',
  'createSymbolicLink',
  'createHardLink',
  'removeEntry',
  'exchangeFiles',
  'queryAllocatedRange',
  'setZeroData',
  'checkMedia',
]);

export const RESULTS: Partial<Record<number, CreateResult>> = {
  [CreateInformation.SUPERSEDED]: 'superseded',
  [CreateInformation.OPENED]: 'opened',
  [CreateInformation.CREATED]: 'created',
  [CreateInformation.OVERWRITTEN]: 'overwritten',
};

export const QUERY: CreateFileRequest = {
  desiredAccess: FileAccess.READ_ATTRIBUTES,
  fileAttributes: 0,
  shareAccess: ShareAccess.ALL,
  createDisposition: CreateDisposition.OPEN,
  createOptions: CreateOptions.OPEN_REPARSE_POINT,
};

/** As the I/O manager opens the directory a file is moved to. */
export const RENAME_TARGET: CreateFileRequest = {
  desiredAccess: FileAccess.ADD_FILE | FileAccess.SYNCHRONIZE,
  fileAttributes: 0,
  shareAccess: ShareAccess.READ | ShareAccess.WRITE,
  createDisposition: CreateDisposition.OPEN,
  createOptions: CreateOptions.OPEN_FOR_BACKUP_INTENT,
};

const PLAIN_LISTING: ListingGuard = {
  begin: () => undefined,
  end: () => undefined,
  failure: (error) => error as DokanError,
  wait: (step) => step,
};

/** An open as the driver has it. */
export class DriverOpen implements Open {
  readonly createResult: CreateResult;
  readonly isDirectory: boolean;
  readonly backingFd = undefined;
  /** The backend's own. */
  readonly context: unknown;
  /** Its cleanup deletes the file. */
  deletePending: boolean;

  constructor(
    createResult: CreateResult,
    isDirectory: boolean,
    context: unknown,
    deletePending: boolean,
  ) {
    this.createResult = createResult;
    this.isDirectory = isDirectory;
    this.context = context;
    this.deletePending = deletePending;
  }
}

export function transferFlags(io: number): {
  pagingIo: boolean;
  synchronousIo: boolean;
  noCache: boolean;
} {
  return {
    pagingIo: (io & IoFlags.PAGING_IO) !== 0,
    synchronousIo: (io & IoFlags.SYNCHRONOUS_IO) !== 0,
    noCache: (io & IoFlags.NO_CACHE) !== 0,
  };
}

export function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

export function listingOf<E>(entries: E[]): Listing<E> {
  return new Listing<E>(
    entries,
    (entry) => entry as E,
    () => true,
    PLAIN_LISTING,
  );
}
