/** What a name is found by where case does not matter: NTFS maps each UTF-16 unit to one of upper case, or leaves it. */
export function upperCaseKey(name: string): string {
  const upper = name.toUpperCase();
  if (upper.length === name.length) return upper;
  return Array.from(name, upperCaseCharacter).join('');
}

function upperCaseCharacter(character: string): string {
  const upper = character.toUpperCase();
  return upper.length === character.length ? upper : character;
}
