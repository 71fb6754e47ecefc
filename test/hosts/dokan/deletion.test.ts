import { describe, expect, it } from 'vitest';
import { CreateOptions } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import { RequestFlag } from '../../../lib/hosts/dokan/slot.js';
import type { FileContext } from '../../../lib/operations.js';
import { NtStatus, Rig, status } from './harness.js';

const { DELETE_PENDING } = RequestFlag;

function rig(refuses = false): { made: Rig; calls: string[] } {
  const calls: string[] = [];
  const note = (name: string) => (path: string, file: FileContext) => {
    calls.push(`${name} ${path}${file.deletePending ? ' delete' : ''}`);
    if (refuses && name.startsWith('delete')) throw new DokanError(NtStatus.CANNOT_DELETE);
  };
  const made = new Rig({
    createFile: (path: string, _request: unknown, file: FileContext) => {
      file.isDirectory = path === '/d';
    },
    deleteFile: note('deleteFile'),
    deleteDirectory: note('deleteDirectory'),
    cleanup: note('cleanup'),
    closeFile: (path: string) => void calls.push(`closeFile ${path}`),
  });
  return { made, calls };
}

describe('deletion', () => {
  it('is asked for, and done by the cleanup', async () => {
    const { made, calls } = rig();
    const context = await made.open('\\f');
    const flags = DELETE_PENDING;
    await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context, flags });
    await made.release(context, '\\f', flags);
    expect(calls).toEqual(['deleteFile /f delete', 'cleanup /f delete', 'closeFile /f']);
  });

  it('of a directory asks the other callback', async () => {
    const { made, calls } = rig();
    const context = await made.open('\\d');
    const flags = DELETE_PENDING;
    await made.atOnce({ operation: 'DELETE_DIRECTORY', name: '\\d', context, flags });
    await made.release(context, '\\d', flags);
    expect(calls[0]).toBe('deleteDirectory /d delete');
  });

  it('that is refused is not done', async () => {
    const { made, calls } = rig(true);
    const context = await made.open('\\f');
    const flags = DELETE_PENDING;
    const asked = await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context, flags });
    expect(status(asked)).toBe('CANNOT_DELETE');
    await made.release(context, '\\f');
    expect(calls).toEqual(['deleteFile /f delete', 'cleanup /f', 'closeFile /f']);
  });

  it('trap: undelete asks with deletePending false', async () => {
    const { made, calls } = rig();
    const context = await made.open('\\f');
    const flags = DELETE_PENDING;
    await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context, flags });
    await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context });
    await made.release(context, '\\f');
    expect(calls).toEqual(['deleteFile /f delete', 'deleteFile /f', 'cleanup /f', 'closeFile /f']);
  });

  it('trap: a cleanup without the flag does not delete, whatever its own open was told', async () => {
    const { made, calls } = rig();
    const context = await made.open('\\f');
    await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context, flags: DELETE_PENDING });
    await made.release(context, '\\f');
    expect(calls.slice(1)).toEqual(['cleanup /f', 'closeFile /f']);
  });

  it('trap: the last handle deletes, though another open was asked', async () => {
    const { made, calls } = rig();
    const asked = await made.open('\\f');
    const other = await made.open('\\f');
    const flags = DELETE_PENDING;
    await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context: asked, flags });
    await made.release(asked, '\\f');
    await made.release(other, '\\f', flags);
    expect(calls).toEqual([
      'deleteFile /f delete',
      'cleanup /f',
      'closeFile /f',
      'cleanup /f delete',
      'closeFile /f',
    ]);
  });

  it('trap: Dokan never asks for DELETE_ON_CLOSE: the open does', async () => {
    const { made, calls } = rig();
    const context = await made.open('\\f', { options: CreateOptions.DELETE_ON_CLOSE });
    await made.release(context, '\\f', DELETE_PENDING);
    expect(calls).toEqual(['deleteFile /f delete', 'cleanup /f delete', 'closeFile /f']);
  });

  it('trap: a DELETE_ON_CLOSE that is refused fails the open', async () => {
    const { made, calls } = rig(true);
    const answer = await made.createLater('\\f', { options: CreateOptions.DELETE_ON_CLOSE });
    expect(status(answer)).toBe('CANNOT_DELETE');
    expect(calls).toEqual(['deleteFile /f delete', 'cleanup /f', 'closeFile /f']);
  });

  it('trap: needs both callbacks', async () => {
    const made = new Rig({ createFile: () => undefined, deleteFile: () => undefined });
    const context = await made.open('\\f');
    const flags = DELETE_PENDING;
    const asked = await made.atOnce({ operation: 'DELETE_FILE', name: '\\f', context, flags });
    expect(status(asked)).toBe('NOT_IMPLEMENTED');
  });
});
