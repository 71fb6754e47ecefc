import { CreateDisposition, CreateOptions, FileAccess, FileAttributes } from '../../constants.js';
import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { mapGeneric } from './access_rights.js';

/** How a file is opened: the parameters of NtCreateFile, as the driver model takes them. */
export interface CreateParameters {
  readonly desiredAccess: number;
  readonly fileAttributes: number;
  readonly shareAccess: number;
  readonly createDisposition: number;
  readonly createOptions: number;
  readonly securityDescriptor: Buffer | undefined;
  readonly processId: number;
  /** Open the directory that holds the name, as a rename does with its target. */
  readonly openTargetDirectory: boolean;
}

const { SUPERSEDE, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF } = CreateDisposition;
const { DIRECTORY_FILE, DELETE_ON_CLOSE } = CreateOptions;
const ALL_SHARES = 7;
/** FILE_ATTRIBUTE_VALID_FLAGS. */
const VALID_ATTRIBUTES = 0x7fb7;

/**
 * What the I/O manager does with the parameters before a driver sees them.
 * @returns them with generic rights replaced
 * @throws DokanError INVALID_PARAMETER for what makes no sense
 */
export function checkParameters(given: CreateParameters): CreateParameters {
  const { createDisposition, createOptions, shareAccess, fileAttributes } = given;
  const desiredAccess = mapGeneric(given.desiredAccess);
  const isDirectory = (createOptions & DIRECTORY_FILE) !== 0;
  const wrong =
    createDisposition < SUPERSEDE ||
    createDisposition > OVERWRITE_IF ||
    (shareAccess & ~ALL_SHARES) !== 0 ||
    (fileAttributes & ~VALID_ATTRIBUTES) !== 0 ||
    // Whoever deletes has to be allowed to.
    ((createOptions & DELETE_ON_CLOSE) !== 0 && (desiredAccess & FileAccess.DELETE) === 0) ||
    (isDirectory && replaces(createDisposition));
  if (wrong) throw new DokanError(NtStatus.INVALID_PARAMETER);
  return { ...given, desiredAccess };
}

/** True for what the driver refuses on a write-protected volume, whether the file is there or not. */
export function needsWritableVolume(given: CreateParameters): boolean {
  const { createDisposition } = given;
  return (
    createDisposition === CREATE ||
    replaces(createDisposition) ||
    (given.createOptions & DELETE_ON_CLOSE) !== 0
  );
}

/** There are no temporary directories. */
export function isTemporaryDirectory(given: CreateParameters): boolean {
  const { createDisposition } = given;
  return (
    (given.createOptions & DIRECTORY_FILE) !== 0 &&
    (given.fileAttributes & FileAttributes.TEMPORARY) !== 0 &&
    (createDisposition === CREATE || createDisposition === OPEN_IF)
  );
}

function replaces(disposition: number): boolean {
  return disposition === SUPERSEDE || disposition === OVERWRITE || disposition === OVERWRITE_IF;
}
