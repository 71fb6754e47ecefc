import { describe, expect, it } from 'vitest';
import { upperCaseKey } from '../../../examples/common/upper_case.js';

describe('upperCaseKey', () => {
  it('maps unit by unit, as NTFS does', () => {
    expect(upperCaseKey('Größe')).toBe('GRÖßE');
    expect(upperCaseKey('\u{10428}')).toBe('\u{10400}');
    expect(upperCaseKey('ﬁle')).toBe('ﬁLE');
  });
});
