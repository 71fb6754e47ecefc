import { CreateDisposition, CreateOptions, FileAccess } from '../../constants.js';
import { DokanError } from '../../errors.js';
import type { CreateFileRequest } from '../../operations.js';
import { NtStatus } from '../../status.js';
import { release, type Caller, type Open, type RequestTarget } from '../../target.js';
import { CreateInformation, type CreateOrder, type CreateReply } from './backend.js';
import { createInformation } from './library_replies.js';
import { normalName, parentName, pathFromName } from './names.js';

const { DIRECTORY_FILE, NON_DIRECTORY_FILE, OPEN_FOR_BACKUP_INTENT } = CreateOptions;
const { DELETE, DELETE_CHILD, LIST_DIRECTORY, MAXIMUM_ALLOWED, READ_ATTRIBUTES } = FileAccess;

/** What dokan2.dll makes of a create: one call of `createFile`, or more. @throws DokanError */
export async function createAsLibrary(
  target: RequestTarget,
  order: CreateOrder,
  caller: Caller,
): Promise<CreateReply> {
  const name = normalName(order.name);
  const { createOptions } = order;
  if ((createOptions & DIRECTORY_FILE) !== 0 && (createOptions & NON_DIRECTORY_FILE) !== 0) {
    throw new DokanError(NtStatus.INVALID_PARAMETER);
  }
  const request: CreateFileRequest = {
    desiredAccess: order.desiredAccess,
    fileAttributes: order.fileAttributes,
    shareAccess: order.shareAccess,
    createDisposition: order.createDisposition as CreateDisposition,
    createOptions,
    ...(order.securityDescriptor !== undefined && {
      securityDescriptor: order.securityDescriptor,
    }),
  };
  if (order.openTargetDirectory) return openTargetDirectory(target, name, request, caller);
  try {
    const open = await target.createFile(pathFromName(name), request, caller);
    return {
      information: createInformation(order.createDisposition, open.createResult),
      isDirectory: open.isDirectory,
      context: open,
    };
  } catch (error) {
    const isDenied = (error as DokanError).status === NtStatus.ACCESS_DENIED;
    if (!isDenied || (order.desiredAccess & DELETE) === 0) throw error;
    return askParent(target, name, request, caller, error);
  }
}

/**
 * Opens the directory a file is renamed into. The name itself is opened and closed first, only to
 * see whether it is there, which Dokan then tells nobody.
 */
async function openTargetDirectory(
  target: RequestTarget,
  name: string,
  request: CreateFileRequest,
  caller: Caller,
): Promise<CreateReply> {
  const path = pathFromName(name);
  try {
    await release(target, await target.createFile(path, request, caller), path, caller);
  } catch {
    // Whatever is wrong with it: the directory decides.
  }
  const createOptions = (request.createOptions | DIRECTORY_FILE) & ~NON_DIRECTORY_FILE;
  const parent = pathFromName(parentName(name));
  const open = await target.createFile(parent, { ...request, createOptions }, caller);
  return { information: CreateInformation.OPENED, isDirectory: true, context: open };
}

/**
 * A file that may not be deleted by its own rights may be by those of its directory. Once that has
 * been opened, this open stands for the file.
 */
async function askParent(
  target: RequestTarget,
  name: string,
  request: CreateFileRequest,
  caller: Caller,
  denied: unknown,
): Promise<CreateReply> {
  const { desiredAccess } = request;
  const wanted =
    (desiredAccess & MAXIMUM_ALLOWED) !== 0
      ? DELETE_CHILD | LIST_DIRECTORY
      : DELETE_CHILD | ((desiredAccess & READ_ATTRIBUTES) !== 0 ? LIST_DIRECTORY : 0);
  const createOptions = (request.createOptions | OPEN_FOR_BACKUP_INTENT) & ~NON_DIRECTORY_FILE;
  const isDirectory = (request.createOptions & DIRECTORY_FILE) !== 0;
  let open: Open & { isDirectory: boolean };
  try {
    open = await target.createFile(
      pathFromName(parentName(name)),
      { ...request, desiredAccess: wanted, createOptions },
      caller,
    );
  } catch {
    throw denied;
  }
  // What is open is the file, whatever its directory is.
  open.isDirectory = isDirectory;
  return { information: CreateInformation.OPENED, isDirectory, context: open };
}
