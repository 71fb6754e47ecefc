import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CreateDisposition, FileAccess, ShareAccess } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import type { LoopbackFile } from '../../../lib/hosts/loopback/client_file.js';
import { bench, outcome } from './scripted_backend.js';

const { READ_DATA, WRITE_DATA, APPEND_DATA, EXECUTE, DELETE, READ_ATTRIBUTES } = FileAccess;
const { NONE, READ, WRITE, ALL } = ShareAccess;

describe('share access', () => {
  it.each([
    ['read', READ_DATA, ShareAccess.READ],
    ['execute', EXECUTE, ShareAccess.READ],
    ['write', WRITE_DATA, ShareAccess.WRITE],
    ['append', APPEND_DATA, ShareAccess.WRITE],
    ['delete', DELETE, ShareAccess.DELETE],
  ])('%s is refused in both directions unless it is shared', async (_, access, share) => {
    const { client } = bench();
    const others = ALL & ~share;
    // The open that is there does not share it.
    const first = await client.create('/f', { access: READ_ATTRIBUTES | READ_DATA, share: others });
    const again = client.create('/f', { access, share: ALL });
    expect(await outcome(again)).toBe('SHARING_VIOLATION');
    await first.close();
    // The open that comes does not share what is done already.
    const busy = await client.create('/f', { access, share: ALL });
    expect(await outcome(client.create('/f', { access: EXECUTE, share: others }))).toBe(
      'SHARING_VIOLATION',
    );
    await busy.close();
    expect(await outcome(client.create('/f', { access, share: ALL }))).toBe('SUCCESS');
  });

  it('leaves opens for attributes alone out of it', async () => {
    const { client } = bench();
    await client.create('/f', { access: READ_DATA | WRITE_DATA, share: NONE });
    expect(await outcome(client.create('/f', { access: READ_ATTRIBUTES, share: NONE }))).toBe(
      'SUCCESS',
    );
    expect(await outcome(client.create('/f', { access: READ_DATA, share: ALL }))).toBe(
      'SHARING_VIOLATION',
    );
  });

  it('ends with the cleanup, not with the close', async () => {
    const { client } = bench();
    const file = await client.create('/f', { share: NONE });
    const section = await file.map();
    await file.cleanup();
    expect(await outcome(client.create('/f', { share: ALL }))).toBe('SUCCESS');
    await section.close();
  });

  it('is taken before the file system is asked, and given back when it refuses', async () => {
    let answer!: (reply: object) => void;
    const asked = new Promise<object>((resolve) => (answer = resolve));
    let calls = 0;
    const { client } = bench({ create: () => (++calls === 2 ? asked : undefined) });
    // Keeps the driver's books on the file open, whatever becomes of the others.
    await client.create('/f', { access: READ_ATTRIBUTES });
    const slow = client.create('/f', { share: NONE });
    expect(await outcome(client.create('/f'))).toBe('SHARING_VIOLATION');
    answer({ status: 0xc0000022 });
    expect(await outcome(slow)).toBe('ACCESS_DENIED');
    expect(await outcome(client.create('/f'))).toBe('SUCCESS');
  });

  it('compares names as NT does, unless the volume is case-sensitive', async () => {
    const folded = bench();
    await folded.client.create('/Größe', { share: NONE });
    expect(await outcome(folded.client.create('/GRÖßE'))).toBe('SHARING_VIOLATION');
    const exact = bench({}, { caseSensitive: true });
    await exact.client.create('/f', { share: NONE });
    expect(await outcome(exact.client.create('/F'))).toBe('SUCCESS');
  });

  it('passes a later open on under the name of the first', async () => {
    const { client, log } = bench();
    await client.create('/Name');
    await client.create('/NAME');
    expect(log()).toEqual(['create \\Name', 'create \\Name']);
  });

  it('keeps writers without a handle out of exclusive opens', async () => {
    const { client } = bench();
    const file = await client.create('/f', { access: READ_DATA | WRITE_DATA | READ_ATTRIBUTES });
    const section = await file.map({ writable: true });
    await file.cleanup();
    const open = () => client.create('/f', { access: READ_DATA, share: READ });
    expect(await outcome(open())).toBe('SHARING_VIOLATION');
    expect(await outcome(client.create('/f', { access: READ_DATA, share: READ | WRITE }))).toBe(
      'SUCCESS',
    );
    await section.close();
    expect(await outcome(open())).toBe('SUCCESS');
  });

  it('agrees with a model that compares every pair', async () => {
    const kinds = (access: number) =>
      (access & (READ_DATA | EXECUTE) ? 1 : 0) |
      (access & (WRITE_DATA | APPEND_DATA) ? 2 : 0) |
      (access & DELETE ? 4 : 0);
    const bits = [READ_DATA, EXECUTE, WRITE_DATA, APPEND_DATA, DELETE, READ_ATTRIBUTES];
    const step = fc.record({
      access: fc.subarray(bits).map((some) => some.reduce((all, bit) => all | bit, 0)),
      share: fc.integer({ min: 0, max: 7 }),
      close: fc.integer({ min: 0, max: 3 }),
      disposition: fc.constant(CreateDisposition.OPEN),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { client, backend } = bench();
        const open: { access: number; share: number; file: LoopbackFile }[] = [];
        for (const { access, share, close, disposition } of steps) {
          if (close < open.length) await open.splice(close, 1)[0]!.file.close();
          const mine = kinds(access);
          const allowed = open.every(
            (other) =>
              mine === 0 ||
              kinds(other.access) === 0 ||
              ((mine & ~other.share) === 0 && (kinds(other.access) & ~share) === 0),
          );
          try {
            const file = await client.create('/f', { access, share, disposition });
            expect(allowed).toBe(true);
            open.push({ access, share, file });
          } catch (error) {
            expect((error as DokanError).code).toBe('SHARING_VIOLATION');
            expect(allowed).toBe(false);
          }
        }
        await Promise.all(open.map(({ file }) => file.close()));
        expect(backend.openCount).toBe(0);
      }),
    );
  });
});
