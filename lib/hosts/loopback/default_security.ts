const REVISION = 1;
const SE_DACL_PRESENT = 0x4;
const SE_SELF_RELATIVE = 0x8000;
const FILE_ALL_ACCESS = 0x1f01ff;
const HEADER = 20;

const NT_AUTHORITY = [0, 0, 0, 0, 0, 5];

/** A SID of the NT authority. @param parts - its sub-authorities */
function sid(...parts: number[]): Buffer {
  const bytes = Buffer.alloc(8 + parts.length * 4);
  bytes.set([REVISION, parts.length, ...NT_AUTHORITY]);
  for (const [index, part] of parts.entries()) bytes.writeUInt32LE(part, 8 + index * 4);
  return bytes;
}

const ADMINISTRATORS = sid(32, 544);
const AUTHENTICATED_USERS = sid(11);

/**
 * What Dokan says of a file whose file system has no `getFileSecurity`: authenticated users have full
 * access. Dokan names the user of the file system's process as owner; here it is the administrators.
 * Layout: MS-DTYP 2.4.6.
 */
export function defaultSecurityDescriptor(): Buffer {
  const ace = Buffer.alloc(8);
  ace.writeUInt16LE(8 + AUTHENTICATED_USERS.length, 2);
  ace.writeUInt32LE(FILE_ALL_ACCESS, 4);
  const acl = Buffer.alloc(8);
  acl[0] = 2;
  acl.writeUInt16LE(8 + ace.length + AUTHENTICATED_USERS.length, 2);
  acl.writeUInt16LE(1, 4);
  const header = Buffer.alloc(HEADER);
  header[0] = REVISION;
  header.writeUInt16LE(SE_SELF_RELATIVE | SE_DACL_PRESENT, 2);
  header.writeUInt32LE(HEADER, 4);
  header.writeUInt32LE(HEADER + ADMINISTRATORS.length, 8);
  header.writeUInt32LE(HEADER + 2 * ADMINISTRATORS.length, 16);
  return Buffer.concat([header, ADMINISTRATORS, ADMINISTRATORS, acl, ace, AUTHENTICATED_USERS]);
}
