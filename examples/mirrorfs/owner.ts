import type { FileContext, Requestor } from 'node-dokan';

/** Only the superuser can make files for others. */
const CAN_GIVE_AWAY = process.geteuid?.() === 0;

/** Whose a file becomes that this request makes; undefined when the system gets that right itself. */
export function ownerOfNew(file: FileContext): Requestor | undefined {
  if (!CAN_GIVE_AWAY) return undefined;
  const requestor = file.requestor();
  const { userId, groupId } = requestor;
  return userId < 0 || (userId === 0 && groupId === 0) ? undefined : requestor;
}
