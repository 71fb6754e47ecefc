import { describe, expect, it } from 'vitest';
import { upperCaseKey } from '../../../examples/common/upper_case.js';

describe('upperCaseKey', () => {
  it('maps unit by unit, as NTFS does', () => {
    expect(upperCaseKey('Größe')).toBe('GRÖßE');
    expect(upperCaseKey('\u{10428}')).toBe('\u{10400}');
    expect(upperCaseKey('yeſ, sı\u212a')).toBe('YEſ, Sı\u212a');
    expect(upperCaseKey('ﬁle')).toBe('ﬁLE');
  });
});
