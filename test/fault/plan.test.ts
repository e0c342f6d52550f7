import { describe, expect, test } from 'vitest';
import { checkPlan, FaultPlanError, faultPlan, parsePlan, realisticErrnos, when } from '../../src/fault/index.ts';

const { and, during, not, nth, operation, or, path, probability } = when;

const yaml = `
seed: 7
switches: { dying: false }
rules:
  - name: full
    where: filesystem
    when: { operation: [WRITE, FALLOCATE], path: /db/**, nth: 3 }
    what: { kind: errno, errno: ENOSPC }
    times: 2
  - name: slow
    where: link-reply
    when:
      any: [{ uid: 1000 }, { not: { path: /tmp/** } }]
      switch: dying
    what: { kind: delay, ms: { exponential: 20 } }
`;

test('YAML, JSON and the builder say the same', () => {
  const plan = parsePlan(yaml);
  expect(parsePlan(JSON.stringify(plan))).toEqual(plan);
  const built = faultPlan(7)
    .switch('dying')
    .rule(
      'full',
      'filesystem',
      { operation: ['WRITE', 'FALLOCATE'], path: '/db/**', nth: 3 },
      { kind: 'errno', errno: 'ENOSPC' },
      { times: 2 },
    )
    .rule(
      'slow',
      'link-reply',
      { any: [{ uid: 1000 }, not({ path: '/tmp/**' })], switch: 'dying' },
      { kind: 'delay', ms: { exponential: 20 } },
    )
    .build();
  expect(built).toEqual(plan);
});

test('conditions of the builder go together', () => {
  expect(and(operation('READ', 'WRITE'), path('/a'), nth(2))).toEqual({
    operation: ['READ', 'WRITE'],
    path: ['/a'],
    nth: 2,
  });
  expect(and(path('/a'), path('/b'))).toEqual({ all: [{ path: ['/a'] }, { path: ['/b'] }] });
  expect(or(probability(0.5), during(0, 10))).toEqual({ any: [{ probability: 0.5 }, { time: { from: 0, to: 10 } }] });
});

const rule = (text: string): string => `rules:\n  - name: a\n${text.replace(/^/gm, '    ')}`;

const wrong: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no YAML', 'rules: [', /^p\.yaml:1:\d+: /],
  ['nothing', '', /^p\.yaml: expected keys with values, given null$/],
  [
    'an unknown key',
    'sed: 1\nrules: []',
    /^p\.yaml:1:1: unknown key "sed" \(did you mean "seed"\?\); there are: seed, switches, rules$/,
  ],
  [
    'an unknown place',
    rule('where: filesytem\nwhat: { kind: drop }'),
    /^p\.yaml:3:12: rules\[0\]\.where: expected one of link-request, .*, given "filesytem" \(did you mean "filesystem"\?\)$/,
  ],
  [
    'an unknown fault',
    rule('where: filesystem\nwhat: { kind: bitflip }'),
    /^p\.yaml:4:19: rules\[0\]\.what\.kind: .*, given "bitflip" \(did you mean "bit-flip"\?\)$/,
  ],
  [
    'a fault of another place',
    rule('where: clock\nwhat: { kind: drop }'),
    /rules\[0\]\.what\.kind: expected one of jump at clock, given "drop" \(that there is at link-request, link-reply, network, rpc-call, rpc-reply\)$/,
  ],
  [
    'an unknown operation',
    rule('where: filesystem\nwhen: { operation: [WRTIE] }\nwhat: { kind: errno, errno: EIO }'),
    /^p\.yaml:4:25: rules\[0\]\.when\.operation\[0\]: no such word: "WRTIE" \(did you mean "WRITE"\?\)$/,
  ],
  [
    'a missing key',
    rule('where: filesystem\nwhat: { kind: delay }'),
    /rules\[0\]\.what\.ms: missing|expected milliseconds/,
  ],
  [
    'a number out of its range',
    rule('where: filesystem\nwhen: { all: [{ probability: 2 }] }\nwhat: { kind: errno, errno: EIO }'),
    /^p\.yaml:4:34: rules\[0\]\.when\.all\[0\]\.probability: expected at most 1, given 2$/,
  ],
  [
    'an errno that the operation does not give',
    rule('where: filesystem\nwhen: { operation: READ }\nwhat: { kind: errno, errno: EXDEV }'),
    /rules\[0\]\.what\.errno: EXDEV is no answer that READ gives; expected one of EACCES, .*, or "unrealistic: true"$/,
  ],
  [
    'a rule that can never strike',
    rule('where: link-reply\nwhen: { operation: WRITE }\nwhat: { kind: stale-read }'),
    /rules\[0\]\.when\.operation: stale-read at link-reply strikes at READ, given WRITE$/,
  ],
  [
    'an errno of a procedure that has no status',
    rule('where: rpc-reply\nwhen: { operation: ["NULL", MNT] }\nwhat: { kind: errno, errno: EIO }'),
    /errno at rpc-reply strikes at GETATTR, .*, given NULL, MNT$/,
  ],
  [
    'spoilt data in a call that carries none',
    rule('where: rpc-call\nwhen: { operation: READ }\nwhat: { kind: bit-flip }'),
    /bit-flip at rpc-call strikes at WRITE, given READ$/,
  ],
  [
    'an xid out of its range',
    rule('where: rpc-call\nwhen: { xid: 4294967296 }\nwhat: { kind: drop }'),
    /rules\[0\]\.when\.xid: expected at most 4294967295, given 4294967296$/,
  ],
  [
    'an unknown rule',
    rule('where: link-reply\nwhen: { after: b }\nwhat: { kind: drop }'),
    /rules\[0\]\.when\.after: expected the name of a rule, given "b" \(did you mean "a"\?\)$/,
  ],
  [
    'an unknown switch',
    `switches: { dying: true }\n${rule('where: link-reply\nwhen: { switch: diying }\nwhat: { kind: drop }')}`,
    /when\.switch: expected a name under "switches", given "diying" \(did you mean "dying"\?\)$/,
  ],
  [
    'a glob that is none',
    rule('where: link-reply\nwhen: { path: "/[a" }\nwhat: { kind: drop }'),
    /when\.path: expected a "\]"/,
  ],
  [
    'a relative path',
    rule('where: link-reply\nwhen: { path: a }\nwhat: { kind: drop }'),
    /when\.path: expected a path from the mount point on/,
  ],
  ['a lie about nothing', rule('where: link-reply\nwhat: { kind: lie }'), /what: expected an attribute to lie about/],
  [
    'a name twice',
    `${rule('where: clock\nwhat: { kind: jump, ms: 1 }')}\n  - name: a\n    where: clock\n    what: { kind: jump, ms: 1 }`,
    /rules\[1\]\.name: expected a name of its own, rules\[0\] is "a" too$/,
  ],
  [
    'a range that ends before it starts',
    rule('where: filesystem\nwhen: { offset: { from: 9, to: 3 } }\nwhat: { kind: delay, ms: 1 }'),
    /when\.offset: expected "to" beyond "from", given 9 to 3$/,
  ],
];

describe('a plan that cannot be meant is refused', () => {
  test.for(wrong)('%s', ([, text, message]) => {
    expect(() => parsePlan(text, 'p.yaml')).toThrow(FaultPlanError);
    expect(() => parsePlan(text, 'p.yaml')).toThrow(message);
  });

  test('data is told by its place alone', () => {
    expect(() => checkPlan({ rules: 3 })).toThrow('fault plan: rules: expected a list, given 3');
  });
});

test('each operation has its realistic errnos', () => {
  expect(realisticErrnos('OPEN')).toEqual(
    expect.arrayContaining(['EMFILE', 'EROFS', 'EIO', 'ESTALE', 'EINTR', 'ETIMEDOUT']),
  );
  expect(realisticErrnos('WRITE')).toEqual(expect.arrayContaining(['ENOSPC', 'EDQUOT', 'EFBIG']));
  expect(realisticErrnos('READ')).not.toContain('ENOSPC');
});
