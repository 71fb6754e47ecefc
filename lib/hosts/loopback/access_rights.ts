import { FileAccess, SecurityInformation } from '../../constants.js';
import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';

const FILE_ALL_ACCESS = 0x1f01ff;

/** What a generic right stands for with files: IoGetFileObjectGenericMapping. */
const GENERIC: readonly (readonly [bit: number, rights: number])[] = [
  [FileAccess.GENERIC_READ, FileAccess.FILE_GENERIC_READ],
  [FileAccess.GENERIC_WRITE, FileAccess.FILE_GENERIC_WRITE],
  [FileAccess.GENERIC_EXECUTE, FileAccess.FILE_GENERIC_EXECUTE],
  [FileAccess.GENERIC_ALL, FILE_ALL_ACCESS],
];

/** Replaces generic rights: no file system ever sees them. */
export function mapGeneric(access: number): number {
  let mapped = access;
  for (const [bit, rights] of GENERIC) {
    if ((mapped & bit) !== 0) mapped = (mapped & ~bit) | rights;
  }
  return mapped >>> 0;
}

/** What a handle may do: Dokan checks nobody's rights, so that whoever may open gets what is asked. */
export function grantedAccess(desired: number): number {
  const all = (desired & FileAccess.MAXIMUM_ALLOWED) !== 0;
  return all ? desired | FILE_ALL_ACCESS : desired;
}

/**
 * The I/O manager's check of a handle.
 * @param any - rights of which one is enough
 * @throws DokanError ACCESS_DENIED
 */
export function demand(granted: number, any: number): void {
  if ((granted & any) === 0) throw new DokanError(NtStatus.ACCESS_DENIED);
}

/** Demands what reading parts of a security descriptor takes. @throws DokanError ACCESS_DENIED */
export function demandToQuerySecurity(granted: number, information: number): void {
  if ((information & SecurityInformation.SACL) !== 0) {
    demand(granted, FileAccess.ACCESS_SYSTEM_SECURITY);
  }
  if ((information & ~SecurityInformation.SACL) !== 0) demand(granted, FileAccess.READ_CONTROL);
}

/** Demands what setting parts of a security descriptor takes. @throws DokanError ACCESS_DENIED */
export function demandToSetSecurity(granted: number, information: number): void {
  const { OWNER, GROUP, LABEL, DACL, SACL } = SecurityInformation;
  if ((information & (OWNER | GROUP | LABEL)) !== 0) demand(granted, FileAccess.WRITE_OWNER);
  if ((information & DACL) !== 0) demand(granted, FileAccess.WRITE_DAC);
  if ((information & SACL) !== 0) demand(granted, FileAccess.ACCESS_SYSTEM_SECURITY);
}
