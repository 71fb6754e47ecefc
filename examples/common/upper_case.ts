/** Dotless i and long s: their capitals are I and S in Unicode, but not in NTFS. */
const FOLDED_TO_ASCII = /[\u0131\u017f]/;

/** What a name is found by where case does not matter: NTFS maps each UTF-16 unit to one of upper case, or leaves it. */
export function upperCaseKey(name: string): string {
  const upper = name.toUpperCase();
  if (upper.length === name.length && !FOLDED_TO_ASCII.test(name)) return upper;
  return Array.from(name, upperCaseCharacter).join('');
}

function upperCaseCharacter(character: string): string {
  if (FOLDED_TO_ASCII.test(character)) return character;
  const upper = character.toUpperCase();
  return upper.length === character.length ? upper : character;
}
