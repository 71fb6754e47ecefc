import { CreateDisposition, DokanError, NtStatus, type CreateResult } from 'node-dokan';

/**
 * What a create disposition means for a file that is, or is not, there.
 * @throws DokanError OBJECT_NAME_NOT_FOUND, OBJECT_NAME_COLLISION
 */
export function resultOf(disposition: CreateDisposition, exists: boolean): CreateResult {
  switch (disposition) {
    case CreateDisposition.SUPERSEDE:
      return exists ? 'superseded' : 'created';
    case CreateDisposition.OPEN:
      return demand(exists, 'opened', NtStatus.OBJECT_NAME_NOT_FOUND);
    case CreateDisposition.CREATE:
      return demand(!exists, 'created', NtStatus.OBJECT_NAME_COLLISION);
    case CreateDisposition.OPEN_IF:
      return exists ? 'opened' : 'created';
    case CreateDisposition.OVERWRITE:
      return demand(exists, 'overwritten', NtStatus.OBJECT_NAME_NOT_FOUND);
    case CreateDisposition.OVERWRITE_IF:
      return exists ? 'overwritten' : 'created';
  }
}

function demand(condition: boolean, result: CreateResult, status: number): CreateResult {
  if (!condition) throw new DokanError(status);
  return result;
}
