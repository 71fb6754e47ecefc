import { CreateDisposition, CreateOptions, FileAccess, ShareAccess } from '../../constants.js';
import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { demand, demandToQuerySecurity, demandToSetSecurity } from './access_rights.js';
import {
  CreateInformation,
  type BasicOrder,
  type EntryReply,
  type FileOrder,
  type InformationReply,
  type SecurityReply,
  type StreamReply,
} from './backend.js';
import type { FileObject } from './file_object.js';
import { normalName } from './names.js';

const { READ_ATTRIBUTES, WRITE_ATTRIBUTES, WRITE_DATA, DELETE, LIST_DIRECTORY } = FileAccess;

/** FileAllInformation; whether the file is to be deleted is the driver's own knowledge. */
export async function queryInformation(
  file: FileObject,
): Promise<InformationReply & { readonly deletePending: boolean }> {
  file.checkHandle();
  demand(file.granted, READ_ATTRIBUTES);
  const reply = await file.order(false, (order) => file.driver.backend.queryInformation(order));
  return { ...reply, deletePending: file.control.deletePending };
}

/** FileStreamInformation. @throws DokanError INVALID_PARAMETER without the option `altStreams` */
export async function queryStreams(file: FileObject): Promise<readonly StreamReply[]> {
  file.checkHandle();
  file.driver.admit(false);
  if (!file.driver.settings.altStreams) throw new DokanError(NtStatus.INVALID_PARAMETER);
  const { streams } = await file.order(false, (order) => file.driver.backend.queryStreams(order));
  return streams;
}

/** FileBasicInformation. */
export async function setBasic(
  file: FileObject,
  basic: Omit<BasicOrder, keyof FileOrder>,
): Promise<void> {
  file.checkHandle();
  demand(file.granted, WRITE_ATTRIBUTES);
  await file.order(true, (order) => file.driver.backend.setBasic({ ...order, ...basic }));
}

/**
 * FileEndOfFileInformation, FileAllocationInformation, FileValidDataLengthInformation.
 * @throws DokanError USER_MAPPED_FILE where a mapping would lose its pages
 */
export async function setSize(
  file: FileObject,
  which: 'setEndOfFile' | 'setAllocation' | 'setValidDataLength',
  size: number,
): Promise<void> {
  file.checkHandle();
  demand(file.granted, WRITE_DATA);
  file.driver.admit(true);
  const { section } = file.control;
  if (section !== undefined && which !== 'setValidDataLength') {
    if (size < section.size) throw new DokanError(NtStatus.USER_MAPPED_FILE);
    if (which === 'setEndOfFile') await section.flushAndPurge();
  }
  await file.order(true, (order) => file.driver.backend[which]({ ...order, size }));
}

/**
 * FileDispositionInformation: the file goes with the cleanup of its last handle, or stays after all.
 * What is so already is not asked again, whichever handle it was done with.
 */
export async function setDisposition(file: FileObject, deletes: boolean): Promise<void> {
  file.checkHandle();
  demand(file.granted, DELETE);
  file.driver.admit(true);
  if (file.control.deletePending === deletes) return;
  const { deletePending } = await file.order(true, (order) =>
    file.driver.backend.setDisposition({ ...order, delete: deletes }),
  );
  file.control.deletePending = deletePending;
}

/**
 * FileRenameInformation. As the I/O manager does, it first opens the directory of the new name.
 * @param newName - whole; `:stream` for another stream of the same file
 */
export async function rename(file: FileObject, newName: string, replace: boolean): Promise<void> {
  file.checkHandle();
  demand(file.granted, DELETE);
  file.driver.admit(true);
  if (newName.startsWith(':')) {
    const { name } = file.control;
    const colon = name.indexOf(':', name.lastIndexOf('\\'));
    await move(file, (colon === -1 ? name : name.slice(0, colon)) + newName, replace);
    return;
  }
  const full = normalName(newName);
  const target = await file.driver.create(full, {
    desiredAccess: file.control.isDirectory ? FileAccess.ADD_SUBDIRECTORY : FileAccess.ADD_FILE,
    fileAttributes: 0,
    shareAccess: ShareAccess.READ | ShareAccess.WRITE,
    createDisposition: CreateDisposition.OPEN,
    createOptions: CreateOptions.OPEN_FOR_BACKUP_INTENT,
    securityDescriptor: undefined,
    processId: file.processId,
    openTargetDirectory: true,
  });
  try {
    if (target.information === CreateInformation.EXISTS && !replace) {
      throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
    }
    if (file.driver.settings.renameRules === 'ntfs') checkAsNtfs(file, full);
    await move(file, full, replace);
  } finally {
    await target.close();
  }
}

async function move(file: FileObject, newName: string, replace: boolean): Promise<void> {
  if (file.control.section !== undefined) await file.control.section.flushAndPurge();
  const flags = replace ? 1 : 0;
  await file.order(true, (order) => file.driver.backend.rename({ ...order, newName, flags }));
  file.driver.files.rename(file.control, newName);
}

/** @throws DokanError ACCESS_DENIED */
function checkAsNtfs({ driver, control }: FileObject, newName: string): void {
  const target = driver.files.find(newName);
  const targetIsOpen = target !== undefined && target !== control && target.uncleanCount > 0;
  const hasOpenFiles = control.isDirectory && driver.files.openBelow(control.name) !== undefined;
  if (targetIsOpen || hasOpenFiles) throw new DokanError(NtStatus.ACCESS_DENIED);
}

/**
 * NtQueryDirectoryFile. The listing is taken with the first query, whose pattern counts until the
 * handle is closed; it is read on from memory, and taken anew with `restart`.
 *
 * @param count - at most so many entries
 * @throws DokanError NO_SUCH_FILE when nothing matches, NO_MORE_FILES at the end
 */
export async function queryDirectory(
  file: FileObject,
  pattern: string | undefined,
  restart: boolean,
  count: number,
): Promise<readonly EntryReply[]> {
  file.checkHandle();
  demand(file.granted, LIST_DIRECTORY);
  file.driver.admit(false);
  const scan = (file.scan ??= { pattern, entries: undefined, position: 0 });
  if (scan.entries === undefined || restart) {
    const { caseSensitive } = file.driver.settings;
    scan.position = 0;
    const { entries } = await file.order(false, (order) =>
      file.driver.backend.queryDirectory({
        ...order,
        pattern: scan.pattern,
        restartScan: restart,
        caseSensitive,
      }),
    );
    scan.entries = entries;
  }
  const page = scan.entries.slice(scan.position, scan.position + count);
  if (page.length === 0) {
    throw new DokanError(scan.position === 0 ? NtStatus.NO_SUCH_FILE : NtStatus.NO_MORE_FILES);
  }
  scan.position += page.length;
  return page;
}

/**
 * NtQuerySecurityObject.
 * @param length - bytes there is room for
 * @throws DokanError BUFFER_OVERFLOW when that is too little
 */
export async function querySecurity(
  file: FileObject,
  securityInformation: number,
  length: number,
): Promise<SecurityReply> {
  file.checkHandle();
  demandToQuerySecurity(file.granted, securityInformation);
  return file.order(false, (order) =>
    file.driver.backend.querySecurity({ ...order, securityInformation, length }),
  );
}

/** NtSetSecurityObject. */
export async function setSecurity(
  file: FileObject,
  securityInformation: number,
  descriptor: Buffer,
): Promise<void> {
  file.checkHandle();
  demandToSetSecurity(file.granted, securityInformation);
  await file.order(true, (order) =>
    file.driver.backend.setSecurity({ ...order, securityInformation, descriptor }),
  );
}
