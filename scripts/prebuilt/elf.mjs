// What a shared object of Linux is built for, offers and needs. Read here and not by objdump, so that
// every machine that has the prebuilt addons can check them.

const MACHINES = new Map([
  [62, 'x64'],
  [183, 'arm64'],
]);

const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const DT_NEEDED = 1n;

function text(bytes, offset) {
  return bytes.toString('utf8', offset, bytes.indexOf(0, offset));
}

function readSections(bytes) {
  const start = Number(bytes.readBigUInt64LE(40));
  const size = bytes.readUInt16LE(58);
  return Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
    const at = start + index * size;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      info: bytes.readUInt32LE(at + 44),
    };
  });
}

function readExports(bytes, { offset, size }, strings) {
  const names = [];
  for (let at = offset; at < offset + size; at += 24) {
    const defined = bytes.readUInt16LE(at + 6) !== 0;
    const local = bytes[at + 4] >> 4 === 0;
    if (defined && !local) names.push(text(bytes, strings + bytes.readUInt32LE(at)));
  }
  return names;
}

function readNeeded(bytes, { offset, size }, strings) {
  const names = [];
  for (let at = offset; at < offset + size; at += 16) {
    if (bytes.readBigUInt64LE(at) === DT_NEEDED) {
      names.push(text(bytes, strings + Number(bytes.readBigUInt64LE(at + 8))));
    }
  }
  return names;
}

function readVersions(bytes, { offset, info }, strings) {
  const versions = [];
  for (let file = offset, files = 0; files < info; files += 1) {
    const count = bytes.readUInt16LE(file + 2);
    for (let at = file + bytes.readUInt32LE(file + 8), index = 0; index < count; index += 1) {
      versions.push(text(bytes, strings + bytes.readUInt32LE(at + 8)));
      at += bytes.readUInt32LE(at + 12);
    }
    file += bytes.readUInt32LE(file + 12);
  }
  return versions;
}

/**
 * @param {Buffer} bytes
 * @returns {{ arch: string, exports: string[], libraries: string[], versions: string[] }} versions:
 *   symbol versions such as GLIBC_2.28
 */
export function readElf(bytes) {
  const isElf64 = bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  if (!isElf64) throw new Error('no 64-bit little-endian ELF file');
  const sections = readSections(bytes);
  const read = (type, reader) => {
    const section = sections.find((candidate) => candidate.type === type);
    return section === undefined ? [] : reader(bytes, section, sections[section.link].offset);
  };
  const machine = bytes.readUInt16LE(18);
  return {
    arch: MACHINES.get(machine) ?? `machine ${machine}`,
    exports: read(SHT_DYNSYM, readExports),
    libraries: read(SHT_DYNAMIC, readNeeded),
    versions: read(SHT_GNU_VERNEED, readVersions),
  };
}
