import { CreateDisposition, CreateOptions, FileAccess } from '../../constants.js';
import { DokanError, expectedAnswer } from '../../errors.js';
import type { CreateFileRequest } from '../../operations.js';
import type { Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import { release, type Open } from '../../target.js';
import { checkPath } from './names.js';
import type { Request } from './request.js';
import { AnswerFlag, RequestFlag } from './slot.js';

const { DELETE, DELETE_CHILD } = FileAccess;

const ERROR_INVALID_HANDLE = 6;

/** ZwCreateFile: opens a file, or makes it. */
export function createFile(request: Request): Outcome<void> {
  const { session } = request;
  const path = checkPath(request.name(), session.options.altStreams);
  const parameters = parametersOf(request);
  if (isRetry(request, parameters)) return openAsParentAllows(request, path, parameters);
  session.contexts.forgetDenied(request.thread);
  let outcome: Outcome<Open>;
  try {
    outcome = session.target.createFile(path, parameters, request);
  } catch (error) {
    throw failure(request, path, parameters, error);
  }
  if (outcome instanceof Promise) return createLater(request, path, parameters, outcome);
  opened(request, path, parameters, outcome);
}

async function createLater(
  request: Request,
  path: string,
  parameters: CreateFileRequest,
  outcome: Promise<Open>,
): Promise<void> {
  let open: Open;
  try {
    open = await outcome;
  } catch (error) {
    throw failure(request, path, parameters, error);
  }
  opened(request, path, parameters, open);
}

function parametersOf(request: Request): CreateFileRequest {
  const parameters = {
    desiredAccess: request.argument(0),
    fileAttributes: request.argument(1),
    shareAccess: request.argument(2),
    createDisposition: request.argument(3) as CreateDisposition,
    createOptions: request.argument(4),
  };
  if (!request.has(RequestFlag.HAS_DESCRIPTOR)) return parameters;
  return { ...parameters, securityDescriptor: request.descriptor(request.argument(5)) };
}

function opened(request: Request, path: string, parameters: CreateFileRequest, open: Open): void {
  const number = request.session.contexts.add(open, path);
  answer(request, number, path, parameters, open);
}

/**
 * Dokan's threads read and write the real file by themselves. What they do, nobody watches: where
 * media come and go, it has to be asked for each time.
 */
function handThrough({ session, slot }: Request, path: string, backingFd: number): void {
  const { native, target } = session;
  if (target.supports('checkMedia')) return;
  const error =
    Number.isInteger(backingFd) && backingFd >= 0
      ? native.setBacking(slot, backingFd)
      : ERROR_INVALID_HANDLE;
  if (error === 0) return;
  const cause = expectedAnswer(
    `the descriptor of an open file on a disk as 'backingFd' (Windows says ${error})`,
    backingFd,
  );
  target.report('createFile', path, cause);
}

function answer(
  request: Request,
  number: number,
  path: string,
  { createDisposition }: CreateFileRequest,
  open: Open,
): void {
  tellOpened(request, number, path, open);
  // This is how Dokan is told that the file was there: it is a success, and no other word for it
  // is. SUCCESS would be reported as "created" and set off change notifications.
  if (leavesAChoice(createDisposition) && open.createResult !== 'created') {
    request.answerStatus(NtStatus.OBJECT_NAME_COLLISION);
  }
}

function tellOpened(request: Request, number: number, path: string, open: Open): void {
  request.opened = number;
  if (open.backingFd !== undefined && !open.isDirectory) handThrough(request, path, open.backingFd);
  request.answerContext(number);
  if (open.isDirectory) request.answerFlag(AnswerFlag.IS_DIRECTORY);
}

function leavesAChoice(disposition: number): boolean {
  return (
    disposition === CreateDisposition.OPEN_IF ||
    disposition === CreateDisposition.OVERWRITE_IF ||
    disposition === CreateDisposition.SUPERSEDE
  );
}

/** What a createFile fails with, after what that means to Dokan. */
function failure(
  request: Request,
  path: string,
  parameters: CreateFileRequest,
  error: unknown,
): unknown {
  if (!(error instanceof DokanError)) return error;
  if (error.status === NtStatus.ACCESS_DENIED && (parameters.desiredAccess & DELETE) !== 0) {
    // Dokan asks again, for the parent, and then goes on with the number left here.
    const { contexts } = request.session;
    request.answerContext(contexts.deny(request.thread, path, parameters));
  }
  if (
    error.status === NtStatus.OBJECT_NAME_COLLISION &&
    leavesAChoice(parameters.createDisposition)
  ) {
    // Dokan would take it for a success, of an open that there is not. Most likely somebody else made
    // the file between two looks, and who tries again finds it.
    return new DokanError(NtStatus.SHARING_VIOLATION, undefined, { cause: error });
  }
  return error;
}

/**
 * True for the second call that Dokan makes after a denied DELETE. A call with the number of an open
 * that is closed is another matter: Dokan opens the target directory of a rename by opening the
 * target first, closing that, and then opening its parent as the same open.
 */
function isRetry({ session, context }: Request, { desiredAccess }: CreateFileRequest): boolean {
  return (
    session.contexts.wasDenied(context) &&
    (desiredAccess & (DELETE | DELETE_CHILD)) === DELETE_CHILD
  );
}

/**
 * A file that may not be deleted by its own rights may be by those of its directory. When that
 * opens, it is closed again and the file is opened without asking for DELETE: every later callback
 * is about the file, and has the number that the denied open left.
 * @throws DokanError ACCESS_DENIED when either does not open
 */
async function openAsParentAllows(
  request: Request,
  parent: string,
  parameters: CreateFileRequest,
): Promise<void> {
  const { contexts, target } = request.session;
  const denied = contexts.takeDenied(request.thread, request.context);
  if (denied === undefined) throw new DokanError(NtStatus.ACCESS_DENIED);
  const child = denied.parameters;
  let open: Open;
  try {
    const directory = await target.createFile(parent, forParent(parameters), request);
    await release(target, directory, parent, request);
    const withoutDelete = { ...child, desiredAccess: child.desiredAccess & ~DELETE };
    open = await target.createFile(denied.path, withoutDelete, request);
  } catch (cause) {
    throw new DokanError(NtStatus.ACCESS_DENIED, undefined, { cause });
  }
  contexts.addDenied(denied.number, open, denied.path);
  // Of this call Dokan takes nothing but SUCCESS, and reports "opened" then: no name collision here.
  tellOpened(request, denied.number, denied.path, open);
}

/** Dokan hands on what was said of the file: its directory is neither made nor deleted. */
function forParent(parameters: CreateFileRequest): CreateFileRequest {
  const { desiredAccess, fileAttributes, shareAccess, createOptions } = parameters;
  return {
    desiredAccess,
    fileAttributes,
    shareAccess,
    createDisposition: CreateDisposition.OPEN,
    createOptions: createOptions & ~CreateOptions.DELETE_ON_CLOSE,
  };
}
