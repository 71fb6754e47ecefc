// What a DLL of Windows is built for, offers and needs.

const MACHINES = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
]);

const PE32_PLUS = 0x20b;
const EXPORTS = 0;
const IMPORTS = 1;

function text(bytes, offset) {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

function readHeaders(bytes) {
  const signature = bytes.readUInt16LE(0) === 0x5a4d ? bytes.readUInt32LE(60) : -1;
  if (signature < 0 || bytes.readUInt32LE(signature) !== 0x4550) throw new Error('no PE file');
  const optional = signature + 24;
  if (bytes.readUInt16LE(optional) !== PE32_PLUS) throw new Error('no 64-bit PE file');
  const sectionTable = optional + bytes.readUInt16LE(signature + 20);
  const sections = Array.from({ length: bytes.readUInt16LE(signature + 6) }, (_, index) => {
    const at = sectionTable + index * 40;
    return {
      address: bytes.readUInt32LE(at + 12),
      size: bytes.readUInt32LE(at + 16),
      offset: bytes.readUInt32LE(at + 20),
    };
  });
  return { machine: bytes.readUInt16LE(signature + 4), directories: optional + 112, sections };
}

/**
 * @param {Buffer} bytes
 * @returns {{ arch: string, exports: string[], libraries: string[] }} libraries: those it cannot be
 *   loaded without, in lower case; delay-loaded ones are none of them
 */
export function readPe(bytes) {
  const { machine, directories, sections } = readHeaders(bytes);
  const inFile = (address) => {
    const section = sections.find(
      (each) => address - each.address < each.size && address >= each.address,
    );
    if (section === undefined) throw new Error(`address ${address} lies in no section`);
    return section.offset + address - section.address;
  };
  const directory = (index) => bytes.readUInt32LE(directories + 8 * index);
  const names = [];
  if (directory(EXPORTS) !== 0) {
    const table = inFile(directory(EXPORTS));
    const pointers = inFile(bytes.readUInt32LE(table + 32));
    for (let index = 0; index < bytes.readUInt32LE(table + 24); index += 1) {
      names.push(text(bytes, inFile(bytes.readUInt32LE(pointers + 4 * index))));
    }
  }
  const libraries = [];
  if (directory(IMPORTS) !== 0) {
    for (let at = inFile(directory(IMPORTS)); bytes.readUInt32LE(at + 12) !== 0; at += 20) {
      libraries.push(text(bytes, inFile(bytes.readUInt32LE(at + 12))).toLowerCase());
    }
  }
  return { arch: MACHINES.get(machine) ?? `machine ${machine}`, exports: names, libraries };
}
