import { CreateDisposition, DokanError, NtStatus, type CreateFileRequest } from 'node-dokan';
import { wantsToWrite } from './access.js';

export const WRITE_PROTECTED = new DokanError(NtStatus.MEDIA_WRITE_PROTECTED);

/**
 * The same request where nothing can be made: OPEN_IF only opens.
 * @throws DokanError MEDIA_WRITE_PROTECTED for a request that is about writing
 */
export function existingOnly(request: CreateFileRequest): CreateFileRequest {
  if (wantsToWrite(request.desiredAccess)) throw WRITE_PROTECTED;
  switch (request.createDisposition) {
    case CreateDisposition.OPEN:
      return request;
    case CreateDisposition.OPEN_IF:
      return { ...request, createDisposition: CreateDisposition.OPEN };
    default:
      throw WRITE_PROTECTED;
  }
}
