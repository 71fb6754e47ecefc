import { describe, expect, it } from 'vitest';
import { FileAccess } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import { NtStatus } from '../../../lib/status.js';
import { bench, outcome } from './scripted_backend.js';

// The file of the bench is 10,000 bytes of 'a'.

describe('a mapping', () => {
  it('keeps the open from its close, and does paging I/O after the cleanup', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    const section = await file.map({ writable: true });
    await file.close();
    log();
    expect(await section.read(2, 4095)).toEqual(Buffer.from('aa'));
    await section.write(Buffer.from('b'), 9_999);
    await section.close();
    await file.closed;
    expect(log()).toEqual([
      'read \\f 0+4096 paging',
      'read \\f 4096+4096 paging',
      'read \\f 8192+4096 paging',
      // The whole page, beyond the end of the file.
      'write \\f 8192+4096 paging',
      'close \\f',
    ]);
  });

  it('is written before the cleanup, as far as there is something to write', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    const section = await file.map({ writable: true });
    await section.write(Buffer.from('b'), 0);
    log();
    await file.cleanup();
    expect(log()).toEqual(['write \\f 0+4096 paging', 'cleanup \\f']);
    await section.close();
    expect(log()).toEqual(['close \\f']);
  });

  it('writes neighbouring pages at once, up to 64 KiB', async () => {
    const { client, log } = bench({ queryInformation: () => ({ size: 100 * 4096 }) });
    const file = await client.create('/f');
    const section = await file.map({ writable: true });
    await section.write(Buffer.alloc(17 * 4096), 4096);
    await section.write(Buffer.alloc(1), 50 * 4096);
    log();
    await section.flush();
    expect(log()).toEqual([
      'write \\f 4096+65536 paging',
      'write \\f 69632+4096 paging',
      'write \\f 204800+4096 paging',
    ]);
    await section.flush();
    expect(log()).toEqual([]);
  });

  it('comes from the kernel, uncached and synchronous', async () => {
    const { client, backend } = bench();
    const file = await client.create('/f', { processId: 9 });
    await (await file.map()).read(1);
    expect(backend.orders.at(-1)).toMatchObject({
      processId: 0,
      pagingIo: true,
      synchronousIo: true,
      noCache: true,
    });
  });

  it('agrees with reads and writes of handles', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    const section = await file.map({ writable: true });
    await section.write(Buffer.from('b'), 0);
    log();
    await file.read(1, 0);
    expect(log()).toEqual(['write \\f 0+4096 paging', 'read \\f 0+1']);
    await section.write(Buffer.from('c'), 0);
    await file.write('d', 0);
    await section.read(1, 0);
    expect(log()).toEqual(['write \\f 0+4096 paging', 'write \\f 0+1', 'read \\f 0+4096 paging']);
  });

  it('takes no notice of locks', async () => {
    const { client } = bench();
    const one = await client.create('/f');
    const two = await client.create('/f');
    await one.lock(0, 10_000);
    const section = await two.map();
    expect(await outcome(section.read(1))).toBe('SUCCESS');
  });

  it('is shared: all pages go through the open that was mapped first', async () => {
    const { client, backend, log } = bench();
    const one = await client.create('/f');
    const two = await client.create('/f');
    const first = await one.map();
    const second = await two.map({ writable: true });
    await two.close();
    await one.close();
    expect(backend.openCount).toBe(1);
    await first.close();
    await second.write(Buffer.from('x'), 0);
    expect(backend.orders.at(-1)).toMatchObject({ context: 1 });
    log();
    await second.close();
    await one.closed;
    expect(log()).toEqual(['write \\f 0+4096 paging', 'close \\f']);
  });

  it('keeps the file as long as it is', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    const section = await file.map();
    log();
    expect(await outcome(file.setEndOfFile(9_999))).toBe('USER_MAPPED_FILE');
    expect(await outcome(file.setAllocationSize(0))).toBe('USER_MAPPED_FILE');
    expect(log()).toEqual([]);
    expect(await outcome(file.setEndOfFile(10_001))).toBe('SUCCESS');
    await section.close();
    expect(await outcome(file.setEndOfFile(0))).toBe('SUCCESS');
  });

  it('may make the file longer when it is made', async () => {
    const { client, log } = bench();
    const file = await client.create('/f');
    log();
    expect(await outcome(file.map({ size: 20_000 }))).toBe('SECTION_TOO_BIG');
    await using section = await file.map({ writable: true, size: 20_000 });
    expect(log().at(-1)).toBe('setEndOfFile \\f');
    expect(await outcome(section.read(1, 19_999))).toBe('SUCCESS');
  });

  it('has its limits', async () => {
    const empty = bench({ queryInformation: () => ({ size: 0 }) });
    expect(await outcome((await empty.client.create('/f')).map())).toBe('MAPPED_FILE_SIZE_ZERO');
    const { client } = bench();
    const section = await (await client.create('/f')).map();
    expect(await outcome(section.read(2, 9_999))).toBe('ACCESS_VIOLATION');
    expect(await outcome(section.write(Buffer.alloc(1), 0))).toBe('ACCESS_VIOLATION');
    await section.close();
    expect(await outcome(section.read(1))).toBe('ACCESS_VIOLATION');
  });

  it('reads zeros behind the end, and tells of pages that cannot be read', async () => {
    let status: number = NtStatus.END_OF_FILE;
    const { client } = bench({ read: () => ({ status }) });
    const section = await (await client.create('/f')).map();
    expect(await section.read(1)).toEqual(Buffer.alloc(1));
    status = NtStatus.DISK_FULL;
    const failure: unknown = await section.read(1, 5_000).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'IN_PAGE_ERROR', cause: { code: 'DISK_FULL' } });
    expect(failure).toBeInstanceOf(DokanError);
  });

  it('keeps what could not be written', async () => {
    let status: number = NtStatus.DISK_FULL;
    const { client, log } = bench({ write: () => ({ status }) });
    const file = await client.create('/f');
    const section = await file.map({ writable: true });
    await section.write(Buffer.from('x'));
    expect(await outcome(section.flush())).toBe('DISK_FULL');
    await file.cleanup();
    status = NtStatus.SUCCESS;
    log();
    await section.flush();
    expect(log()).toEqual(['write \\f 0+4096 paging']);
  });

  it('to be read needs a handle that may read', async () => {
    const { client } = bench();
    const file = await client.create('/f', { access: FileAccess.GENERIC_READ });
    expect(await outcome(file.map({ writable: true }))).toBe('ACCESS_DENIED');
    expect(await outcome(file.map())).toBe('SUCCESS');
  });
});
