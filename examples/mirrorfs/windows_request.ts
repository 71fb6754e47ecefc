import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAccess,
  FileAttributes,
  NtStatus,
  type CreateFileRequest,
} from 'node-dokan';

/**
 * Options that are not for the mirrored file. Deletion is the mirror's own, in `cleanup`. Unbuffered
 * transfers would need memory aligned to sectors, which what the requests bring is not. Whether the
 * asking process is one that makes backups is no right of ours. Oplocks and the like are between the
 * application and the volume's driver.
 */
const NOT_PASSED_ON =
  CreateOptions.DELETE_ON_CLOSE |
  CreateOptions.NO_INTERMEDIATE_BUFFERING |
  CreateOptions.OPEN_FOR_BACKUP_INTENT |
  CreateOptions.COMPLETE_IF_OPLOCKED |
  CreateOptions.RESERVE_OPFILTER |
  CreateOptions.CREATE_TREE_CONNECTION |
  CreateOptions.SYNCHRONOUS_IO_ALERT;

/** Attributes are asked for whatever an application has opened a file for. */
const ALWAYS_NEEDED = FileAccess.READ_ATTRIBUTES;

/**
 * The request for the mirrored file: the same but for what is only the volume's.
 * @throws DokanError for a request that cannot be passed on
 */
export function toBackingRequest(request: CreateFileRequest): CreateFileRequest {
  const { createOptions, desiredAccess } = request;
  if ((createOptions & CreateOptions.OPEN_BY_FILE_ID) !== 0) {
    throw new DokanError(NtStatus.NOT_SUPPORTED);
  }
  if ((createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0) checkDeleteOnClose(request);
  return {
    ...request,
    desiredAccess: (desiredAccess | ALWAYS_NEEDED) >>> 0,
    createOptions: createOptions & ~NOT_PASSED_ON,
  };
}

/** What NT refuses before it makes a file; we would find out only when the file is there. */
function checkDeleteOnClose({ fileAttributes, createDisposition }: CreateFileRequest): void {
  const { OPEN, OPEN_IF } = CreateDisposition;
  const setsAttributes = createDisposition !== OPEN && createDisposition !== OPEN_IF;
  if (setsAttributes && (fileAttributes & FileAttributes.READONLY) !== 0) {
    throw new DokanError(NtStatus.CANNOT_DELETE);
  }
}
