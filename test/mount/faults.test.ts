import { expect, test } from 'vitest';
import { checkPlan } from '../../src/fault/index.ts';
import { runFaultCommand } from '../../src/mount/faults/command.ts';
import { FaultDesk } from '../../src/mount/faults/mount-faults.ts';
import { SharedState } from '../../src/mount/faults/shared-state.ts';

const plan = checkPlan({
  switches: { dying: false },
  rules: [
    {
      name: 'full',
      where: 'filesystem',
      when: { operation: 'WRITE', nth: 2 },
      what: { kind: 'errno', errno: 'ENOSPC' },
    },
  ],
});

test('a state that one side of shared memory writes is seen once by the other', () => {
  const writer = new SharedState();
  const reader = new SharedState(writer.memory);
  expect(reader.changed()).toBeUndefined();
  writer.write({ plan, on: true });
  expect(reader.changed()).toEqual({ plan, on: true });
  expect(reader.changed()).toBeUndefined();
  writer.write({ plan: { rules: [] }, on: true });
  writer.write({ plan: { rules: [] }, on: false });
  expect(reader.changed()).toEqual({ plan: { rules: [] }, on: false });
  const large = { ...plan, rules: [{ ...plan.rules[0], name: 'x'.repeat(1 << 20) }] };
  expect(() => writer.write({ plan: large, on: true })).toThrow(/expected at most 1048576 bytes as JSON, given 10\d+/);
});

test('commands change rules and switches, and say how things stand', () => {
  const published: unknown[] = [];
  const desk = new FaultDesk(plan, (state) => published.push(state));
  expect(runFaultCommand(desk, { command: 'list' })).toEqual([
    'faults are on, seed 0',
    'switch "dying": off',
    'rule "full": on, errno at filesystem, injected 0',
  ]);
  runFaultCommand(desk, { command: 'on', names: ['dying'] });
  runFaultCommand(desk, { command: 'off', names: ['full'] });
  expect(desk.plan).toMatchObject({ switches: { dying: true }, rules: [{ enabled: false }] });
  const values = ['when.nth=', 'when.every=3', 'what.errno=[EIO, EROFS]', 'enabled='];
  runFaultCommand(desk, { command: 'set', rule: 'full', values });
  expect(desk.plan.rules).toEqual([
    {
      name: 'full',
      where: 'filesystem',
      when: { operation: 'WRITE', every: 3 },
      what: { kind: 'errno', errno: ['EIO', 'EROFS'] },
    },
  ]);
  runFaultCommand(desk, { command: 'load', text: 'rules: []', source: 'other.yaml' });
  expect(published.at(-1)).toEqual({ plan: { rules: [] }, on: true });
});

test('a command that cannot be meant changes nothing, and says what is wrong', () => {
  const desk = new FaultDesk(plan, () => {});
  const set = (...values: string[]) => runFaultCommand(desk, { command: 'set', rule: 'full', values });
  expect(() => set('what.errno=EXDEV')).toThrow(
    /^what\.errno=EXDEV: rules\[0\]\.what\.errno: EXDEV is no answer that WRITE/,
  );
  expect(() => set('what.errno')).toThrow(/expected KEY=VALUE, .*given "what\.errno"/);
  expect(() => set('what.errno=[')).toThrow(/^what\.errno=\[: /);
  expect(() => runFaultCommand(desk, { command: 'set', rule: 'ful', values: ['times=1'] })).toThrow(
    /expected the name of a rule, given "ful" \(did you mean "full"\?\); there are: full/,
  );
  expect(() => runFaultCommand(desk, { command: 'load', text: 'rule: []', source: 'o.yaml' })).toThrow(
    /o\.yaml:1:1: unknown key "rule" \(did you mean "rules"\?\)/,
  );
  expect(desk.plan).toEqual(plan);
});
