import { isSecurityDescriptor } from '../../answers.js';
import { DokanError } from '../../errors.js';
import { andThen, type Outcome } from '../../outcome.js';
import { NtStatus } from '../../status.js';
import type { Request } from './request.js';

/** Security descriptors. NOT_IMPLEMENTED gets Windows a default one. */

export function getFileSecurity(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const wanted = request.argument(0);
  const descriptor = request.session.target.getFileSecurity(entry.open, path, wanted, request);
  return andThen(descriptor, answer, request);
}

function answer(descriptor: Buffer, request: Request): void {
  request.answerResult(0, descriptor.length);
  // Too little room: who asks learns how much is needed, and asks again.
  if (descriptor.length > request.argument(1)) throw new DokanError(NtStatus.BUFFER_OVERFLOW);
  request.answerData(descriptor);
}

export function setFileSecurity(request: Request): Outcome<void> {
  const entry = request.entry();
  const path = request.path(entry);
  const given = request.argument(0);
  // A copy: file systems keep it.
  const descriptor = request.descriptor(request.argument(1));
  if (!isSecurityDescriptor(descriptor)) throw new DokanError(NtStatus.INVALID_SECURITY_DESCR);
  return request.session.target.setFileSecurity(entry.open, path, given, descriptor, request);
}
